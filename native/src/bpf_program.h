// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>
#include <string>

#include "file_descriptor.h"

namespace merlon {

/** A loaded program. `object` and `program` are empty for one that was opened from its pin. */
struct LoadedProgram {
  FileDescriptor fd;
  std::string name = {};
  bpf_prog_type type = BPF_PROG_TYPE_UNSPEC;
  /** The attach type that it was loaded for; the kernel does not tell that of a pinned program. */
  bpf_attach_type attachType = static_cast<bpf_attach_type>(0);
  std::shared_ptr<bpf_object> object = {};
  bpf_program* program = nullptr;
};

/** `BpfProgram` in index.d.ts. */
class BpfProgram : public Napi::ObjectWrap<BpfProgram> {
 public:
  static Napi::Function init(Napi::Env env);
  explicit BpfProgram(const Napi::CallbackInfo& info);

  /** A descriptor that is not valid means that the program has not been loaded. */
  static Napi::Value wrap(Napi::Env env, LoadedProgram loaded);

  /** The program, or a thrown error after close(). */
  const LoadedProgram& opened(Napi::Env env) const;

 private:
  static Napi::Value openPinned(const Napi::CallbackInfo& info);
  Napi::Value fd(const Napi::CallbackInfo& info);
  Napi::Value info(const Napi::CallbackInfo& info);
  Napi::Value attach(const Napi::CallbackInfo& info);
  Napi::Value testRun(const Napi::CallbackInfo& info);
  void pin(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  [[noreturn]] void fail(Napi::Env env, const std::string& action, int error) const;

  LoadedProgram loaded_;
};

}  // namespace merlon
