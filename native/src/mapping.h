// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstddef>
#include <memory>

namespace merlon {

/** A piece of a map's memory, unmapped at the latest when nobody refers to it. */
class Mapping {
 public:
  Mapping(void* address, size_t bytes) : address_(address), bytes_(bytes) {}
  ~Mapping() { unmap(); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  void unmap();
  void* address() const { return address_; }

 private:
  void* address_;
  size_t bytes_;
};

/** The first `bytes` of it as an ArrayBuffer, which shares it: it stays valid if the map is collected before
 * the array. */
Napi::ArrayBuffer toArrayBuffer(Napi::Env env, const std::shared_ptr<Mapping>& mapping, size_t bytes);

}  // namespace merlon
