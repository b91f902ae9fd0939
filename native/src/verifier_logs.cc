// SPDX-License-Identifier: Apache-2.0
#include "verifier_logs.h"

#include <cstring>

#include "libbpf_log.h"

namespace merlon {
namespace {

/**
 * Bytes of each program's log buffer. Address space only: pages that the kernel does not write are never
 * touched. The kernels before 6.4 fail with ENOSPC when a log does not fit, so it must hold the longest path
 * of a million instructions.
 */
constexpr size_t kLogBytes = 16 << 20;

}  // namespace

VerifierLogs::VerifierLogs(bpf_object* object) : object_(object) {
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    if (!bpf_program__autoload(program)) continue;
    auto& buffer = buffers_.emplace_back(std::make_unique_for_overwrite<char[]>(kLogBytes));
    buffer[0] = '\0';
    bpf_program__set_log_buf(program, buffer.get(), kLogBytes);
  }
}

VerifierLogs::~VerifierLogs() {
  bpf_program* program;
  bpf_object__for_each_program(program, object_) {
    // Refused for a loaded program, which does not use its buffer again.
    bpf_program__set_log_buf(program, nullptr, 0);
  }
}

std::string VerifierLogs::of(const std::string& name) const {
  const bpf_program* program = bpf_object__find_program_by_name(object_, name.c_str());
  size_t bytes = 0;
  const char* log = program == nullptr ? nullptr : bpf_program__log_buf(program, &bytes);
  return log == nullptr ? "" : tellingPart({log, strnlen(log, bytes)});
}

}  // namespace merlon
