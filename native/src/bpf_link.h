// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/libbpf.h>
#include <napi.h>

#include <memory>
#include <string>

#include "file_descriptor.h"

namespace merlon {

struct BpfLinkDeleter {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using LibbpfLink = std::unique_ptr<bpf_link, BpfLinkDeleter>;

/**
 * An attached program. The kernel's link is one descriptor and nothing more, except where libbpf keeps state
 * of its own: USDT probes (several links and entries in a map of the object) and programs that it attached by
 * their section's name as a perf event, whose event it switches off before it closes it.
 */
struct Attachment {
  FileDescriptor fd;
  /** Declared before `libbpf`, so that the object is closed after the link has used it. */
  std::shared_ptr<bpf_object> object = nullptr;
  LibbpfLink libbpf = nullptr;
  std::string pinPath = "";

  int descriptor() const { return libbpf ? bpf_link__fd(libbpf.get()) : fd.get(); }
};

/** `BpfLink` in index.d.ts. */
class BpfLink : public Napi::ObjectWrap<BpfLink> {
 public:
  static Napi::Function init(Napi::Env env);
  explicit BpfLink(const Napi::CallbackInfo& info);
  static Napi::Value wrap(Napi::Env env, Attachment attachment);

 private:
  static Napi::Value openPinned(const Napi::CallbackInfo& info);
  Napi::Value fd(const Napi::CallbackInfo& info);
  Napi::Value info(const Napi::CallbackInfo& info);
  void pin(const Napi::CallbackInfo& info);
  void update(const Napi::CallbackInfo& info);
  Napi::Value readIterator(const Napi::CallbackInfo& info);
  void detach(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  int opened(Napi::Env env) const;
  void drop();

  Attachment attachment_;
};

}  // namespace merlon
