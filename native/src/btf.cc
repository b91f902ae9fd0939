// SPDX-License-Identifier: Apache-2.0
#include "btf.h"

#include <cerrno>

#include "addon_state.h"
#include "arguments.h"
#include "btf_path.h"
#include "btf_types.h"
#include "errors.h"
#include "libbpf_log.h"

namespace merlon {
namespace {

Napi::Object describeParameter(Napi::Env env, const btf* types, const char* name, uint32_t type) {
  auto entry = Napi::Object::New(env);
  entry.Set("name", name);
  entry.Set("typeName", typeName(types, type));
  entry.Set("kind", kindName(types, type));
  entry.Set("size", typeSize(types, type));
  return entry;
}

/** The type's flag says that it is signed (clang 15, pahole 1.24: older than any kernel we run on). */
Napi::BigInt enumerator(Napi::Env env, const btf_type* type, int index) {
  if (btf_is_enum64(type)) {
    const uint64_t value = btf_enum64_value(&btf_enum64(type)[index]);
    return btf_kflag(type) ? Napi::BigInt::New(env, static_cast<int64_t>(value))
                           : Napi::BigInt::New(env, value);
  }
  const int32_t value = btf_enum(type)[index].val;
  return btf_kflag(type) ? Napi::BigInt::New(env, int64_t{value})
                         : Napi::BigInt::New(env, uint64_t{static_cast<uint32_t>(value)});
}

Napi::Array namesOfKind(Napi::Env env, const btf* types, int kind, const std::string& prefix) {
  auto names = Napi::Array::New(env);
  for (uint32_t id = 1; id < btf__type_cnt(types); id++) {
    const btf_type* type = btf__type_by_id(types, id);
    if (btf_kind(type) != kind) continue;
    const std::string_view name = btf__name_by_offset(types, type->name_off);
    if (name.starts_with(prefix)) names.Set(names.Length(), name.data());
  }
  return names;
}

}  // namespace

Napi::Function Btf::init(Napi::Env env) {
  return DefineClass(env, "Btf",
                     {
                         InstanceMethod<&Btf::findFunction>("findFunction"),
                         InstanceMethod<&Btf::functionNames>("functionNames"),
                         InstanceMethod<&Btf::typedefNames>("typedefNames"),
                         InstanceMethod<&Btf::findStruct>("findStruct"),
                         InstanceMethod<&Btf::resolvePath>("resolvePath"),
                         InstanceMethod<&Btf::findEnum>("findEnum"),
                         InstanceMethod<&Btf::close>("close"),
                     });
}

Btf::Btf(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Btf>(info) {
  LogCapture log;
  const std::string path = info[0].IsUndefined() ? "" : toString(info[0], "path");
  if (!info[1].IsUndefined()) base_ = toWrapped<Btf>(info[1], AddonState::of(info.Env()).btf, "base").types_;
  btf* types = path.empty() ? btf__load_vmlinux_btf() : btf__parse_split(path.c_str(), base_.get());
  if (types == nullptr) {
    const int error = errno;
    const std::string subject = path.empty() ? "the running kernel" : inQuotes(path);
    throwErrno(info.Env(), "Cannot read the types (BTF) of " + subject, error);
  }
  types_ = {types, btf__free};
}

const btf* Btf::opened(Napi::Env env) const {
  if (!types_) throwErrno(env, "Cannot use closed types (BTF)", EBADF);
  return types_.get();
}

// A function, or a typedef of a pointer to functions.
static int findCallable(const btf* types, const char* name) {
  const int function = btf__find_by_name_kind(types, name, BTF_KIND_FUNC);
  return function < 0 ? btf__find_by_name_kind(types, name, BTF_KIND_TYPEDEF) : function;
}

Napi::Value Btf::findFunction(const Napi::CallbackInfo& info) {
  const btf* types = opened(info.Env());
  const int id = findCallable(types, toString(info[0], "name").c_str());
  if (id < 0) return info.Env().Undefined();
  const btf_type* prototype = btf__type_by_id(types, btf__type_by_id(types, id)->type);
  if (btf_is_ptr(prototype)) prototype = btf__type_by_id(types, prototype->type);
  if (!btf_is_func_proto(prototype)) return info.Env().Undefined();
  auto parameters = Napi::Array::New(info.Env());
  const btf_param* parameter = btf_params(prototype);
  for (int i = 0; i < btf_vlen(prototype); i++, parameter++) {
    const char* name = btf__name_by_offset(types, parameter->name_off);
    parameters.Set(i, describeParameter(info.Env(), types, name, parameter->type));
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("id", id);
  result.Set("parameters", parameters);
  result.Set("returns", describeParameter(info.Env(), types, "", prototype->type));
  return result;
}

Napi::Value Btf::functionNames(const Napi::CallbackInfo& info) {
  return namesOfKind(info.Env(), opened(info.Env()), BTF_KIND_FUNC, toString(info[0], "prefix"));
}

Napi::Value Btf::typedefNames(const Napi::CallbackInfo& info) {
  return namesOfKind(info.Env(), opened(info.Env()), BTF_KIND_TYPEDEF, toString(info[0], "prefix"));
}

Napi::Value Btf::findStruct(const Napi::CallbackInfo& info) {
  const btf* types = opened(info.Env());
  const uint32_t id = findComposite(types, toString(info[0], "name"));
  if (id == 0) return info.Env().Undefined();
  const btf_type* type = btf__type_by_id(types, id);
  auto members = Napi::Array::New(info.Env());
  const btf_member* member = btf_members(type);
  for (int i = 0; i < btf_vlen(type); i++, member++) {
    const char* name = btf__name_by_offset(types, member->name_off);
    auto entry = describeParameter(info.Env(), types, name, member->type);
    entry.Set("offsetBits", btf_member_bit_offset(type, i));
    entry.Set("bitfieldBits", btf_member_bitfield_size(type, i));
    members.Set(i, entry);
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("size", type->size);
  result.Set("members", members);
  return result;
}

Napi::Value Btf::resolvePath(const Napi::CallbackInfo& info) {
  const btf* types = opened(info.Env());
  const auto name = toString(info[0], "structName");
  const auto path = toString(info[1], "path");
  const std::string action = "Cannot resolve " + inQuotes(path) + " from " + inQuotes(name);
  const uint32_t composite = findComposite(types, name);
  if (composite == 0) throwErrno(info.Env(), action + ", of which there are no types", ENOENT);
  ResolvedPath resolved;
  try {
    resolved = merlon::resolvePath(types, composite, path);
  } catch (const PathError& error) {
    throwFailure(info.Env(), {.message = action + ": " + error.what(), .error = ENOENT});
  }
  auto steps = Napi::Array::New(info.Env());
  for (const auto& step : resolved.steps) {
    auto entry = Napi::Object::New(info.Env());
    entry.Set("offset", step.offset);
    entry.Set("followsPointer", step.followsPointer);
    steps.Set(steps.Length(), entry);
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("steps", steps);
  result.Set("bitOffset", resolved.bitOffset);
  result.Set("bitSize", resolved.bitSize);
  result.Set("size", resolved.size);
  result.Set("kind", kindName(types, resolved.type));
  result.Set("typeName", typeName(types, resolved.type));
  return result;
}

Napi::Value Btf::findEnum(const Napi::CallbackInfo& info) {
  const btf* types = opened(info.Env());
  const auto name = toString(info[0], "name");
  int id = btf__find_by_name_kind(types, name.c_str(), BTF_KIND_ENUM);
  if (id < 0) id = btf__find_by_name_kind(types, name.c_str(), BTF_KIND_ENUM64);
  if (id < 0) return info.Env().Undefined();
  const btf_type* type = btf__type_by_id(types, id);
  auto values = info.Env().Global().Get("Map").As<Napi::Function>().New({});
  auto set = values.Get("set").As<Napi::Function>();
  for (int i = 0; i < btf_vlen(type); i++) {
    const uint32_t offset = btf_is_enum64(type) ? btf_enum64(type)[i].name_off : btf_enum(type)[i].name_off;
    set.Call(values, {Napi::String::New(info.Env(), btf__name_by_offset(types, offset)),
                      enumerator(info.Env(), type, i)});
  }
  return values;
}

void Btf::close(const Napi::CallbackInfo&) {
  types_.reset();
  base_.reset();
}

}  // namespace merlon
