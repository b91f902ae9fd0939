// SPDX-License-Identifier: Apache-2.0
#include "mapping.h"

#include <sys/mman.h>

namespace merlon {

void Mapping::unmap() {
  if (address_ != nullptr) munmap(address_, bytes_);
  address_ = nullptr;
}

Napi::ArrayBuffer toArrayBuffer(Napi::Env env, const std::shared_ptr<Mapping>& mapping, size_t bytes) {
  auto share = std::make_unique<std::shared_ptr<Mapping>>(mapping);
  auto array = Napi::ArrayBuffer::New(
      env, mapping->address(), bytes,
      [](Napi::BasicEnv, void*, std::shared_ptr<Mapping>* hint) {
        std::unique_ptr<std::shared_ptr<Mapping>> owner(hint);
      },
      share.get());
  share.release();  // the array's now
  return array;
}

}  // namespace merlon
