// SPDX-License-Identifier: Apache-2.0
#include "arguments.h"

#include <cmath>
#include <limits>

namespace merlon {
namespace {

void require(bool condition, Napi::Value value, const char* name, const char* expected) {
  if (condition) return;
  throw Napi::TypeError::New(value.Env(), std::string("The value of \"") + name + "\" must be " + expected);
}

double toWhole(Napi::Value value, const char* name, double low, double high) {
  require(value.IsNumber(), value, name, "a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  require(number >= low && number <= high && std::trunc(number) == number, value, name,
          "an integer in range");
  return number;
}

Napi::Array toArray(Napi::Value value, const char* name) {
  require(value.IsArray(), value, name, "an array");
  return value.As<Napi::Array>();
}

}  // namespace

std::string toString(Napi::Value value, const char* name) {
  require(value.IsString(), value, name, "a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  // C interfaces would silently act on the part before it.
  require(text.find('\0') == std::string::npos, value, name, "a string without NUL");
  return text;
}

uint32_t toUint32(Napi::Value value, const char* name) {
  return static_cast<uint32_t>(toWhole(value, name, 0, std::numeric_limits<uint32_t>::max()));
}

int toInt(Napi::Value value, const char* name) {
  return static_cast<int>(
      toWhole(value, name, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()));
}

uint64_t toUint64(Napi::Value value, const char* name) {
  require(value.IsBigInt(), value, name, "a bigint");
  bool lossless = false;
  const uint64_t number = value.As<Napi::BigInt>().Uint64Value(&lossless);
  require(lossless, value, name, "an unsigned 64-bit bigint");
  return number;
}

std::span<uint8_t> toBytes(Napi::Value value, const char* name) {
  require(value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array, value,
          name, "a Uint8Array");
  auto array = value.As<Napi::Uint8Array>();
  return {array.Data(), array.ByteLength()};
}

Napi::Object toObject(Napi::Value value, const char* name) {
  require(value.IsObject(), value, name, "an object");
  return value.As<Napi::Object>();
}

std::vector<std::string> toStrings(Napi::Value value, const char* name) {
  auto array = toArray(value, name);
  std::vector<std::string> strings;
  for (uint32_t i = 0; i < array.Length(); i++) strings.push_back(toString(array[i], name));
  return strings;
}

std::vector<uint64_t> toUint64s(Napi::Value value, const char* name) {
  auto array = toArray(value, name);
  std::vector<uint64_t> numbers;
  for (uint32_t i = 0; i < array.Length(); i++) numbers.push_back(toUint64(array[i], name));
  return numbers;
}

std::optional<uint32_t> optionalUint32(Napi::Object object, const char* name) {
  Napi::Value value = object.Get(name);
  if (value.IsUndefined()) return std::nullopt;
  return toUint32(value, name);
}

std::optional<uint64_t> optionalUint64(Napi::Object object, const char* name) {
  Napi::Value value = object.Get(name);
  if (value.IsUndefined()) return std::nullopt;
  return toUint64(value, name);
}

bool optionalBool(Napi::Object object, const char* name) {
  Napi::Value value = object.Get(name);
  if (value.IsUndefined()) return false;
  require(value.IsBoolean(), value, name, "a boolean");
  return value.As<Napi::Boolean>();
}

std::optional<std::span<uint8_t>> optionalBytes(Napi::Object object, const char* name) {
  Napi::Value value = object.Get(name);
  if (value.IsUndefined()) return std::nullopt;
  return toBytes(value, name);
}

}  // namespace merlon
