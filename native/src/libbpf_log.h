// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace merlon {

/** Routes libbpf's messages into the LogCapture of the thread that causes them; without one they are dropped.
 */
void installLogHandler();

/** Collects libbpf's warnings on this thread while it lives. One at a time per thread. */
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  void add(std::string text) { lines_.push_back(std::move(text)); }
  /** The name in the first warning of the form `KIND 'NAME': …`, or "". */
  std::string subject(std::string_view kind) const;
  /** The first warning, without libbpf's prefix, in parentheses behind a space; or "". */
  std::string hint() const;

 private:
  std::vector<std::string> lines_;
};

/**
 * The telling part of a verifier log: the lines around the refusal. The log ends with the message of the
 * refusal, then statistics; before it stand the last instructions with their register states.
 */
std::string tellingPart(std::string_view log);

}  // namespace merlon
