// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <string>
#include <vector>

namespace merlon {

/** Gives each program that will be loaded a log buffer, and takes them away again. */
class VerifierLogs {
 public:
  explicit VerifierLogs(bpf_object* object);
  ~VerifierLogs();
  VerifierLogs(const VerifierLogs&) = delete;
  VerifierLogs& operator=(const VerifierLogs&) = delete;

  /** The telling part of that program's log, or "". */
  std::string of(const std::string& program) const;

 private:
  bpf_object* object_;
  std::vector<std::unique_ptr<char[]>> buffers_;
};

}  // namespace merlon
