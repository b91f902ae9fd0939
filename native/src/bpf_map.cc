// SPDX-License-Identifier: Apache-2.0
#include "bpf_map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/mman.h>

#include <fstream>
#include <optional>
#include <vector>

#include "addon_state.h"
#include "arguments.h"
#include "errors.h"
#include "pinned.h"

namespace merlon {
namespace {

bool isPerCpu(uint32_t type) {
  return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
         type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

size_t roundUp(size_t value, size_t to) { return (value + to - 1) / to * to; }

Napi::Uint8Array newBytes(Napi::Env env, size_t bytes) { return Napi::Uint8Array::New(env, bytes); }

/** The part of `array` that is filled. */
Napi::Uint8Array firstBytes(Napi::Uint8Array array, size_t bytes) {
  return Napi::Uint8Array::New(array.Env(), bytes, array.ArrayBuffer(), 0);
}

/** Bytes that the map takes in the kernel: "memlock" in its fdinfo, which counts the whole map since 6.4,
 * else a bound. */
double memoryBytes(int fd) {
  std::ifstream file("/proc/self/fdinfo/" + std::to_string(fd));
  std::string key;
  while (file >> key) {
    double value = 0;
    if (key == "memlock:" && file >> value) return value;
  }
  return 0;
}

}  // namespace

/** What wrap() hands to the constructor. */
struct BpfMap::Source {
  FileDescriptor fd;
  std::string name;
};

Napi::Function BpfMap::init(Napi::Env env) {
  return DefineClass(env, "BpfMap",
                     {
                         StaticMethod<&BpfMap::openPinned>("openPinned"),
                         StaticMethod<&BpfMap::create>("create"),
                         InstanceAccessor<&BpfMap::fd>("fd"),
                         InstanceMethod<&BpfMap::info>("info"),
                         InstanceMethod<&BpfMap::get>("get"),
                         InstanceMethod<&BpfMap::set>("set"),
                         InstanceMethod<&BpfMap::remove>("delete"),
                         InstanceMethod<&BpfMap::nextKey>("nextKey"),
                         InstanceMethod<&BpfMap::getBatch>("getBatch"),
                         InstanceMethod<&BpfMap::setBatch>("setBatch"),
                         InstanceMethod<&BpfMap::deleteBatch>("deleteBatch"),
                         InstanceMethod<&BpfMap::mmap>("mmap"),
                         InstanceMethod<&BpfMap::freeze>("freeze"),
                         InstanceMethod<&BpfMap::pin>("pin"),
                         InstanceMethod<&BpfMap::close>("close"),
                     });
}

BpfMap::BpfMap(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BpfMap>(info) {
  if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "BpfMap is made by create or openPinned");
  auto* source = info[0].As<Napi::External<Source>>().Data();
  fd_ = std::move(source->fd);
  name_ = source->name;

  bpf_map_info details{};
  uint32_t bytes = sizeof(details);
  const int error = -bpf_obj_get_info_by_fd(fd_.get(), &details, &bytes);
  if (error != 0) fail(info.Env(), "read the properties of", error);
  if (name_.empty()) name_ = details.name;
  type_ = details.type;
  keySize_ = details.key_size;
  maxEntries_ = details.max_entries;
  kernelValueSize_ = details.value_size;
  valueBytes_ =
      isPerCpu(type_) ? roundUp(details.value_size, 8) * libbpf_num_possible_cpus() : details.value_size;
}

Napi::Value BpfMap::wrap(Napi::Env env, FileDescriptor fd, const std::string& name) {
  if (!fd.valid()) throwErrno(env, "Cannot use the map " + inQuotes(name) + " before it is created", EBADF);
  Source source{std::move(fd), name};
  return AddonState::of(env).bpfMap.New({Napi::External<Source>::New(env, &source)});
}

Napi::Value BpfMap::openPinned(const Napi::CallbackInfo& info) {
  return wrap(info.Env(), openPinnedObject(info.Env(), toString(info[0], "path"), PinnedKind::kMap), "");
}

Napi::Value BpfMap::create(const Napi::CallbackInfo& info) {
  const auto description = toObject(info[0], "description");
  const auto number = [&](const char* name) { return toUint32(description.Get(name), name); };
  const auto name = toString(description.Get("name"), "name");
  bpf_map_create_opts options{};
  options.sz = sizeof(options);
  options.map_flags = number("flags");
  if (const auto inner = optionalUint32(description, "innerMapFd")) options.inner_map_fd = *inner;
  FileDescriptor fd(bpf_map_create(static_cast<bpf_map_type>(number("type")), name.c_str(), number("keySize"),
                                   number("valueSize"), number("maxEntries"), &options));
  if (fd.valid()) return wrap(info.Env(), std::move(fd), name);
  const int error = errno;
  throwFailure(info.Env(), {.message = "Cannot create the map " + inQuotes(name) + ": " + errnoText(error),
                            .error = error,
                            .map = name});
}

int BpfMap::opened(Napi::Env env) const {
  if (!fd_.valid()) fail(env, "use the closed", EBADF);
  return fd_.get();
}

void BpfMap::fail(Napi::Env env, const char* action, int error) const {
  throwFailure(
      env, {.message = std::string("Cannot ") + action + " map " + inQuotes(name_) + ": " + errnoText(error),
            .error = error,
            .map = name_});
}

void BpfMap::checkSize(Napi::Env env, const char* what, size_t bytes, size_t expected) const {
  if (bytes == expected) return;
  throwFailure(env, {.message = std::string("Cannot use ") + std::to_string(bytes) + " bytes as " + what +
                                " of the map " + inQuotes(name_) + ": it takes " + std::to_string(expected),
                     .error = EINVAL,
                     .map = name_});
}

Napi::Value BpfMap::fd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), opened(info.Env()));
}

Napi::Value BpfMap::info(const Napi::CallbackInfo& info) {
  bpf_map_info details{};
  uint32_t bytes = sizeof(details);
  const int error = -bpf_obj_get_info_by_fd(opened(info.Env()), &details, &bytes);
  if (error != 0) fail(info.Env(), "read the properties of", error);
  auto result = Napi::Object::New(info.Env());
  result.Set("id", details.id);
  result.Set("name", std::string(details.name));
  result.Set("type", details.type);
  result.Set("keySize", details.key_size);
  result.Set("valueSize", details.value_size);
  result.Set("maxEntries", details.max_entries);
  result.Set("flags", details.map_flags);
  result.Set("memoryBytes", memoryBytes(opened(info.Env())));
  return result;
}

Napi::Value BpfMap::get(const Napi::CallbackInfo& info) {
  const auto key = toBytes(info[0], "key");
  const uint64_t flags = info[1].IsUndefined() ? 0 : toUint32(info[1], "flags");
  checkSize(info.Env(), "a key", key.size(), keySize_);
  auto value = newBytes(info.Env(), valueBytes_);
  const int error = -bpf_map_lookup_elem_flags(opened(info.Env()), key.data(), value.Data(), flags);
  if (error == ENOENT) return info.Env().Undefined();
  if (error != 0) fail(info.Env(), "read an entry of the", error);
  return value;
}

void BpfMap::set(const Napi::CallbackInfo& info) {
  const auto key = toBytes(info[0], "key");
  const auto value = toBytes(info[1], "value");
  const uint64_t flags = info[2].IsUndefined() ? static_cast<uint64_t>(BPF_ANY) : toUint32(info[2], "flags");
  checkSize(info.Env(), "a key", key.size(), keySize_);
  checkSize(info.Env(), "a value", value.size(), valueBytes_);
  const int error = -bpf_map_update_elem(opened(info.Env()), key.data(), value.data(), flags);
  if (error != 0) fail(info.Env(), "set an entry of the", error);
}

Napi::Value BpfMap::remove(const Napi::CallbackInfo& info) {
  const auto key = toBytes(info[0], "key");
  checkSize(info.Env(), "a key", key.size(), keySize_);
  const int error = -bpf_map_delete_elem(opened(info.Env()), key.data());
  if (error != 0 && error != ENOENT) fail(info.Env(), "delete an entry of the", error);
  return Napi::Boolean::New(info.Env(), error == 0);
}

Napi::Value BpfMap::nextKey(const Napi::CallbackInfo& info) {
  const uint8_t* key = nullptr;
  if (!info[0].IsUndefined()) {
    const auto bytes = toBytes(info[0], "key");
    checkSize(info.Env(), "a key", bytes.size(), keySize_);
    key = bytes.data();
  }
  auto next = newBytes(info.Env(), keySize_);
  const int error = -bpf_map_get_next_key(opened(info.Env()), key, next.Data());
  if (error == ENOENT) return info.Env().Undefined();
  if (error != 0) fail(info.Env(), "walk the", error);
  return next;
}

Napi::Value BpfMap::getBatch(const Napi::CallbackInfo& info) {
  // The kernel's cursor: a bucket's number for hashes (4 bytes), a key for arrays and tries.
  const size_t cursorBytes = std::max<size_t>(keySize_, sizeof(uint32_t));
  uint8_t* cursor = nullptr;
  if (!info[0].IsUndefined()) {
    const auto bytes = toBytes(info[0], "cursor");
    checkSize(info.Env(), "a cursor", bytes.size(), cursorBytes);
    cursor = bytes.data();
  }
  uint32_t count = toUint32(info[1], "count");
  auto keys = newBytes(info.Env(), size_t{count} * keySize_);
  auto values = newBytes(info.Env(), size_t{count} * valueBytes_);
  auto next = newBytes(info.Env(), cursorBytes);
  bpf_map_batch_opts options{};
  options.sz = sizeof(options);
  const int error = -bpf_map_lookup_batch(opened(info.Env()), cursor, next.Data(), keys.Data(), values.Data(),
                                          &count, &options);
  // ENOENT marks the end, and the entries before it count.
  if (error != 0 && error != ENOENT) fail(info.Env(), "read a batch of the", error);
  auto result = Napi::Object::New(info.Env());
  result.Set("keys", firstBytes(keys, size_t{count} * keySize_));
  result.Set("values", firstBytes(values, size_t{count} * valueBytes_));
  result.Set("count", count);
  result.Set("cursor", error == ENOENT ? info.Env().Undefined() : next);
  return result;
}

void BpfMap::setBatch(const Napi::CallbackInfo& info) {
  const auto keys = toBytes(info[0], "keys");
  const auto values = toBytes(info[1], "values");
  uint32_t count = toUint32(info[2], "count");
  checkSize(info.Env(), "the keys", keys.size(), size_t{count} * keySize_);
  checkSize(info.Env(), "the values", values.size(), size_t{count} * valueBytes_);
  bpf_map_batch_opts options{};
  options.sz = sizeof(options);
  const int error = -bpf_map_update_batch(opened(info.Env()), keys.data(), values.data(), &count, &options);
  if (error != 0) fail(info.Env(), "set a batch of the", error);
}

void BpfMap::deleteBatch(const Napi::CallbackInfo& info) {
  const auto keys = toBytes(info[0], "keys");
  uint32_t count = toUint32(info[1], "count");
  checkSize(info.Env(), "the keys", keys.size(), size_t{count} * keySize_);
  bpf_map_batch_opts options{};
  options.sz = sizeof(options);
  const int error = -bpf_map_delete_batch(opened(info.Env()), keys.data(), &count, &options);
  if (error != 0) fail(info.Env(), "delete a batch of the", error);
}

Napi::Value BpfMap::mmap(const Napi::CallbackInfo& info) {
  const bool writable = info[0].ToBoolean();
  if (mapping_) fail(info.Env(), "map a second time the memory of the", EBUSY);
  // BPF_MAP_TYPE_ARRAY stores each value at a multiple of 8 (array_map_alloc in kernel/bpf/arraymap.c).
  const size_t used = roundUp(kernelValueSize_, 8) * maxEntries_;
  const size_t bytes = roundUp(used, sysconf(_SC_PAGESIZE));
  void* address = ::mmap(nullptr, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED,
                         opened(info.Env()), 0);
  if (address == MAP_FAILED) fail(info.Env(), "map the memory of the", errno);
  mapping_ = std::make_shared<Mapping>(address, bytes);
  auto array = toArrayBuffer(info.Env(), mapping_, used);
  mapped_ = Napi::Reference<Napi::ArrayBuffer>::New(array, 1);
  return array;
}

void BpfMap::freeze(const Napi::CallbackInfo& info) {
  const int error = -bpf_map_freeze(opened(info.Env()));
  if (error != 0) fail(info.Env(), "freeze the", error);
}

void BpfMap::pin(const Napi::CallbackInfo& info) {
  const auto path = toString(info[0], "path");
  const int error = -bpf_obj_pin(opened(info.Env()), path.c_str());
  if (error == 0) return;
  throwFailure(info.Env(), {.message = "Cannot pin the map " + inQuotes(name_) + " at " + inQuotes(path) +
                                       ": " + errnoText(error),
                            .error = error,
                            .map = name_});
}

void BpfMap::close(const Napi::CallbackInfo&) {
  if (mapping_) {
    // Detach first: from then on every view of it has no bytes, so none can touch the unmapped pages.
    mapped_.Value().Detach();
    mapped_.Reset();
    mapping_->unmap();
    mapping_.reset();
  }
  fd_.reset();
}

}  // namespace merlon
