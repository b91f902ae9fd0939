// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "file_descriptor.h"
#include "mapping.h"

namespace merlon {

/** A map: `BpfMap` in index.d.ts. Its descriptor is its own, so it outlives the object that it came from. */
class BpfMap : public Napi::ObjectWrap<BpfMap> {
 public:
  static Napi::Function init(Napi::Env env);
  explicit BpfMap(const Napi::CallbackInfo& info);

  /** Takes the descriptor over; one that is not valid means that the map has not been created. */
  static Napi::Value wrap(Napi::Env env, FileDescriptor fd, const std::string& name);

  /** The descriptor, or a thrown error after close(). */
  int opened(Napi::Env env) const;
  uint32_t type() const { return type_; }
  uint32_t keySize() const { return keySize_; }
  uint32_t valueSize() const { return kernelValueSize_; }
  uint32_t maxEntries() const { return maxEntries_; }
  const std::string& name() const { return name_; }

 private:
  struct Source;

  static Napi::Value openPinned(const Napi::CallbackInfo& info);
  static Napi::Value create(const Napi::CallbackInfo& info);
  Napi::Value fd(const Napi::CallbackInfo& info);
  Napi::Value info(const Napi::CallbackInfo& info);
  Napi::Value get(const Napi::CallbackInfo& info);
  void set(const Napi::CallbackInfo& info);
  Napi::Value remove(const Napi::CallbackInfo& info);
  Napi::Value nextKey(const Napi::CallbackInfo& info);
  Napi::Value getBatch(const Napi::CallbackInfo& info);
  void setBatch(const Napi::CallbackInfo& info);
  void deleteBatch(const Napi::CallbackInfo& info);
  Napi::Value mmap(const Napi::CallbackInfo& info);
  void freeze(const Napi::CallbackInfo& info);
  void pin(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  /** Throws unless `bytes` is what `count` keys (or values) take. */
  void checkSize(Napi::Env env, const char* what, size_t bytes, size_t expected) const;
  [[noreturn]] void fail(Napi::Env env, const char* action, int error) const;

  FileDescriptor fd_;
  std::string name_;
  uint32_t type_ = 0;
  uint32_t keySize_ = 0;
  uint32_t maxEntries_ = 0;
  uint32_t kernelValueSize_ = 0;
  /** Bytes of a value as user space sees it: all CPUs' values for a per-CPU map. */
  size_t valueBytes_ = 0;
  std::shared_ptr<Mapping> mapping_;
  Napi::Reference<Napi::ArrayBuffer> mapped_;
};

}  // namespace merlon
