// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/btf.h>
#include <napi.h>

#include <memory>
#include <string>

namespace merlon {

/** Type information of the kernel, of a module or of a file: `Btf` in index.d.ts. */
class Btf : public Napi::ObjectWrap<Btf> {
 public:
  static Napi::Function init(Napi::Env env);
  explicit Btf(const Napi::CallbackInfo& info);

 private:
  Napi::Value findFunction(const Napi::CallbackInfo& info);
  Napi::Value functionNames(const Napi::CallbackInfo& info);
  Napi::Value typedefNames(const Napi::CallbackInfo& info);
  Napi::Value findStruct(const Napi::CallbackInfo& info);
  Napi::Value resolvePath(const Napi::CallbackInfo& info);
  Napi::Value findEnum(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  const btf* opened(Napi::Env env) const;

  /** The types that split type information extends; it must outlive `types_`. */
  std::shared_ptr<btf> base_;
  std::shared_ptr<btf> types_;
};

}  // namespace merlon
