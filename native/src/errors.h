// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <string>
#include <string_view>

namespace merlon {

/** One failed action, as `NativeErrorDetail` in index.d.ts describes it. Empty strings are left out. */
struct Failure {
  std::string message;
  int error = 0;
  bool whileLoading = false;
  std::string program = {};
  std::string map = {};
  std::string verifierLog = {};
};

/** Throws the error class that initialize() was given. */
[[noreturn]] void throwFailure(Napi::Env env, const Failure& failure);

/** `action` says what failed, e.g. `Cannot pin the map to "/x"`; the text of `error` (a positive errno)
 * follows. */
[[noreturn]] void throwErrno(Napi::Env env, std::string_view action, int error);

/** "Operation not permitted" */
std::string errnoText(int error);

/** `"text"` for messages. */
std::string inQuotes(std::string_view text);

}  // namespace merlon
