// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>
#include <string>

namespace merlon {

/** One ELF file: `BpfObject` in index.d.ts. Programs taken from it share the libbpf object until they are
 * closed. */
class BpfObject : public Napi::ObjectWrap<BpfObject> {
 public:
  static Napi::Function init(Napi::Env env);
  explicit BpfObject(const Napi::CallbackInfo& info);

 private:
  Napi::Value programs(const Napi::CallbackInfo& info);
  Napi::Value maps(const Napi::CallbackInfo& info);
  void setGlobal(const Napi::CallbackInfo& info);
  void setMap(const Napi::CallbackInfo& info);
  void reuseMap(const Napi::CallbackInfo& info);
  void setAutoload(const Napi::CallbackInfo& info);
  void setAttachTarget(const Napi::CallbackInfo& info);
  void load(const Napi::CallbackInfo& info);
  Napi::Value program(const Napi::CallbackInfo& info);
  Napi::Value map(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  bpf_object* opened(Napi::Env env) const;
  bpf_program* findProgram(Napi::Env env, const std::string& name) const;
  bpf_map* findMap(Napi::Env env, const std::string& name) const;

  std::shared_ptr<bpf_object> object_;
  std::string path_;
};

}  // namespace merlon
