// SPDX-License-Identifier: Apache-2.0
#include "errors.h"

#include <bpf/libbpf.h>

#include <array>
#include <cstring>

#include "addon_state.h"

namespace merlon {
namespace {

/** ENOTSUPP, meant for the kernel's inside (include/linux/errno.h), which bpf(2) lets out all the same. */
constexpr int kNotSupported = 524;

}  // namespace

void throwFailure(Napi::Env env, const Failure& failure) {
  auto& errorClass = AddonState::of(env).errorClass;
  if (errorClass.IsEmpty()) throw Napi::Error::New(env, failure.message);

  auto detail = Napi::Object::New(env);
  detail.Set("code", failure.whileLoading ? "ERR_BPF_LOAD" : "ERR_BPF");
  // libbpf has codes of its own for malformed files, from __LIBBPF_ERRNO__START on.
  const int error = failure.error == kNotSupported          ? EOPNOTSUPP
                    : failure.error < __LIBBPF_ERRNO__START ? failure.error
                                                            : 0;
  const char* name = error == 0 ? "" : strerrorname_np(error);
  detail.Set("errno", error);
  detail.Set("errnoName", name == nullptr ? "" : name);
  if (!failure.program.empty()) detail.Set("program", failure.program);
  if (!failure.map.empty()) detail.Set("map", failure.map);
  if (!failure.verifierLog.empty()) detail.Set("verifierLog", failure.verifierLog);
  throw Napi::Error(env, errorClass.New({Napi::String::New(env, failure.message), detail}));
}

void throwErrno(Napi::Env env, std::string_view action, int error) {
  throwFailure(env, {.message = std::string(action) + ": " + errnoText(error), .error = error});
}

std::string errnoText(int error) {
  if (error == kNotSupported) error = EOPNOTSUPP;
  if (const char* text = strerrordesc_np(error)) return text;
  std::array<char, 128> text{};
  libbpf_strerror(error, text.data(), text.size());
  return text.data();
}

std::string inQuotes(std::string_view text) { return '"' + std::string(text) + '"'; }

}  // namespace merlon
