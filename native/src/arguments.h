// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace merlon {

/**
 * Values from JavaScript, already normalised by the TypeScript wrapper. A wrong type is the programmer's
 * mistake: each function throws a TypeError that names the value.
 */
std::string toString(Napi::Value value, const char* name);
uint32_t toUint32(Napi::Value value, const char* name);
int toInt(Napi::Value value, const char* name);
uint64_t toUint64(Napi::Value value, const char* name);
/** The bytes of a Uint8Array: valid while the value is. */
std::span<uint8_t> toBytes(Napi::Value value, const char* name);
Napi::Object toObject(Napi::Value value, const char* name);
std::vector<std::string> toStrings(Napi::Value value, const char* name);
std::vector<uint64_t> toUint64s(Napi::Value value, const char* name);

/** A property that is missing or undefined is nullopt. */
std::optional<uint32_t> optionalUint32(Napi::Object object, const char* name);
std::optional<uint64_t> optionalUint64(Napi::Object object, const char* name);
bool optionalBool(Napi::Object object, const char* name);
std::optional<std::span<uint8_t>> optionalBytes(Napi::Object object, const char* name);

/** The native side of `value`, which must be an instance of `Class`. */
template <typename Class>
Class& toWrapped(Napi::Value value, const Napi::FunctionReference& constructor, const char* name) {
  if (!value.IsObject() || !value.As<Napi::Object>().InstanceOf(constructor.Value())) {
    throw Napi::TypeError::New(value.Env(), std::string("Wrong type of ") + name);
  }
  return *Class::Unwrap(value.As<Napi::Object>());
}

}  // namespace merlon
