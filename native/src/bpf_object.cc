// SPDX-License-Identifier: Apache-2.0
#include "bpf_object.h"

#include <bpf/btf.h>
#include <signal.h>

#include <cstring>

#include "addon_state.h"
#include "arguments.h"
#include "bpf_map.h"
#include "bpf_program.h"
#include "errors.h"
#include "libbpf_log.h"
#include "verifier_logs.h"
#include "young_sections.h"

namespace merlon {
namespace {

/** The verifier gives up with EAGAIN when a signal is pending (do_check, kernel/bpf/verifier.c): they wait
 * until it is done. */
class SignalsHeld {
 public:
  SignalsHeld() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsHeld() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;

 private:
  sigset_t before_{};
};

struct Global {
  std::string section;
  uint32_t offset;
  uint32_t size;
};

/** Looks a variable up in the object's data sections; section "" when there is none of that name. */
Global findGlobal(const btf* types, const std::string& name) {
  if (types == nullptr) return {};
  for (uint32_t id = 1; id < btf__type_cnt(types); id++) {
    const btf_type* section = btf__type_by_id(types, id);
    if (!btf_is_datasec(section)) continue;
    const btf_var_secinfo* entry = btf_var_secinfos(section);
    for (int i = 0; i < btf_vlen(section); i++, entry++) {
      const btf_type* variable = btf__type_by_id(types, entry->type);
      if (name != btf__name_by_offset(types, variable->name_off)) continue;
      return {btf__name_by_offset(types, section->name_off), entry->offset, entry->size};
    }
  }
  return {};
}

}  // namespace

Napi::Function BpfObject::init(Napi::Env env) {
  return DefineClass(env, "BpfObject",
                     {
                         InstanceAccessor<&BpfObject::programs>("programs"),
                         InstanceAccessor<&BpfObject::maps>("maps"),
                         InstanceMethod<&BpfObject::setGlobal>("setGlobal"),
                         InstanceMethod<&BpfObject::setMap>("setMap"),
                         InstanceMethod<&BpfObject::reuseMap>("reuseMap"),
                         InstanceMethod<&BpfObject::setAutoload>("setAutoload"),
                         InstanceMethod<&BpfObject::setAttachTarget>("setAttachTarget"),
                         InstanceMethod<&BpfObject::load>("load"),
                         InstanceMethod<&BpfObject::program>("program"),
                         InstanceMethod<&BpfObject::map>("map"),
                         InstanceMethod<&BpfObject::close>("close"),
                     });
}

BpfObject::BpfObject(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<BpfObject>(info), path_(toString(info[0], "path")) {
  LogCapture log;
  bpf_object* object = bpf_object__open(path_.c_str());
  if (object == nullptr) {
    const int error = errno;
    throwFailure(info.Env(), {.message = "Cannot open the object " + inQuotes(path_) + ": " +
                                         errnoText(error) + log.hint(),
                              .error = error,
                              .whileLoading = true});
  }
  object_ = {object, bpf_object__close};
  typeYoungSections(object);
}

bpf_object* BpfObject::opened(Napi::Env env) const {
  if (!object_) throwErrno(env, "Cannot use the closed object " + inQuotes(path_), EBADF);
  return object_.get();
}

bpf_program* BpfObject::findProgram(Napi::Env env, const std::string& name) const {
  bpf_program* program = bpf_object__find_program_by_name(opened(env), name.c_str());
  if (program != nullptr) return program;
  throwFailure(env, {.message = "Cannot find the program " + inQuotes(name) + " in " + inQuotes(path_),
                     .error = ENOENT,
                     .program = name});
}

bpf_map* BpfObject::findMap(Napi::Env env, const std::string& name) const {
  bpf_map* map = bpf_object__find_map_by_name(opened(env), name.c_str());
  if (map != nullptr) return map;
  throwFailure(env, {.message = "Cannot find the map " + inQuotes(name) + " in " + inQuotes(path_),
                     .error = ENOENT,
                     .map = name});
}

Napi::Value BpfObject::programs(const Napi::CallbackInfo& info) {
  auto list = Napi::Array::New(info.Env());
  bpf_program* program;
  bpf_object__for_each_program(program, opened(info.Env())) {
    auto entry = Napi::Object::New(info.Env());
    const char* typeName = libbpf_bpf_prog_type_str(bpf_program__type(program));
    entry.Set("name", bpf_program__name(program));
    entry.Set("section", bpf_program__section_name(program));
    entry.Set("type", static_cast<uint32_t>(bpf_program__type(program)));
    entry.Set("typeName", typeName == nullptr ? "" : typeName);
    entry.Set("attachType", static_cast<uint32_t>(bpf_program__expected_attach_type(program)));
    entry.Set("autoload", bpf_program__autoload(program));
    list.Set(list.Length(), entry);
  }
  return list;
}

Napi::Value BpfObject::maps(const Napi::CallbackInfo& info) {
  auto list = Napi::Array::New(info.Env());
  bpf_map* map;
  bpf_object__for_each_map(map, opened(info.Env())) {
    auto entry = Napi::Object::New(info.Env());
    entry.Set("name", bpf_map__name(map));
    entry.Set("type", static_cast<uint32_t>(bpf_map__type(map)));
    entry.Set("keySize", bpf_map__key_size(map));
    entry.Set("valueSize", bpf_map__value_size(map));
    entry.Set("maxEntries", bpf_map__max_entries(map));
    entry.Set("flags", bpf_map__map_flags(map));
    list.Set(list.Length(), entry);
  }
  return list;
}

void BpfObject::setGlobal(const Napi::CallbackInfo& info) {
  const auto name = toString(info[0], "name");
  const auto value = toBytes(info[1], "value");
  const std::string action = "Cannot set the global " + inQuotes(name) + " of " + inQuotes(path_);
  const Global global = findGlobal(bpf_object__btf(opened(info.Env())), name);
  if (global.section.empty()) throwErrno(info.Env(), action, ENOENT);
  if (value.size() != global.size) {
    throwFailure(info.Env(), {.message = action + ": it has " + std::to_string(global.size) + " bytes, not " +
                                         std::to_string(value.size()),
                              .error = EINVAL});
  }
  bpf_map* map = findMap(info.Env(), global.section);
  // After load the section is the kernel's: .rodata is frozen then, and .data is written through the map.
  if (bpf_map__fd(map) >= 0) throwErrno(info.Env(), action + " after load", EBUSY);
  size_t bytes = 0;
  auto* section = static_cast<uint8_t*>(const_cast<void*>(bpf_map__initial_value(map, &bytes)));
  if (section == nullptr || global.offset + global.size > bytes) throwErrno(info.Env(), action, EINVAL);
  std::memcpy(section + global.offset, value.data(), value.size());
}

void BpfObject::setMap(const Napi::CallbackInfo& info) {
  const auto name = toString(info[0], "name");
  const auto change = toObject(info[1], "change");
  bpf_map* map = findMap(info.Env(), name);
  const auto apply = [&](const char* property, auto setter) {
    const auto value = optionalUint32(change, property);
    if (!value) return;
    const int error = -setter(*value);
    if (error == 0) return;
    throwFailure(info.Env(),
                 {.message = std::string("Cannot set \"") + property + "\" of the map " + inQuotes(name) +
                             " to " + std::to_string(*value) + ": " + errnoText(error),
                  .error = error,
                  .map = name});
  };
  apply("type", [&](uint32_t value) { return bpf_map__set_type(map, static_cast<bpf_map_type>(value)); });
  apply("keySize", [&](uint32_t value) { return bpf_map__set_key_size(map, value); });
  apply("valueSize", [&](uint32_t value) { return bpf_map__set_value_size(map, value); });
  apply("maxEntries", [&](uint32_t value) { return bpf_map__set_max_entries(map, value); });
  apply("flags", [&](uint32_t value) { return bpf_map__set_map_flags(map, value); });
  if (change.Has("autocreate")) {
    const int error = -bpf_map__set_autocreate(map, optionalBool(change, "autocreate"));
    if (error != 0) throwErrno(info.Env(), "Cannot set \"autocreate\" of the map " + inQuotes(name), error);
  }
}

void BpfObject::reuseMap(const Napi::CallbackInfo& info) {
  const auto name = toString(info[0], "name");
  const auto& map = toWrapped<BpfMap>(info[1], AddonState::of(info.Env()).bpfMap, "map");
  const int fd = map.opened(info.Env());
  bpf_map* own = findMap(info.Env(), name);
  // libbpf would take the other map's shape over, and the programs would use it with theirs.
  const bool fits = map.type() == bpf_map__type(own) && map.keySize() == bpf_map__key_size(own) &&
                    map.valueSize() == bpf_map__value_size(own);
  const int error = fits ? -bpf_map__reuse_fd(own, fd) : EINVAL;
  if (error == 0) return;
  const std::string reason = fits ? errnoText(error) : "its type, key size or value size differs";
  throwFailure(info.Env(), {.message = "Cannot reuse the map " + inQuotes(map.name()) + " as " +
                                       inQuotes(name) + ": " + reason,
                            .error = error,
                            .map = name});
}

void BpfObject::setAutoload(const Napi::CallbackInfo& info) {
  const auto name = toString(info[0], "program");
  const bool autoload = info[1].ToBoolean();
  const int error = -bpf_program__set_autoload(findProgram(info.Env(), name), autoload);
  if (error != 0)
    throwErrno(info.Env(), "Cannot choose whether to load the program " + inQuotes(name), error);
}

void BpfObject::setAttachTarget(const Napi::CallbackInfo& info) {
  const auto name = toString(info[0], "program");
  const auto target = toString(info[1], "target");
  const int targetFd = info[2].IsUndefined() ? 0 : toInt(info[2], "targetFd");
  LogCapture log;
  const int error = -bpf_program__set_attach_target(findProgram(info.Env(), name), targetFd, target.c_str());
  if (error == 0) return;
  throwFailure(info.Env(),
               {.message = "Cannot set the attach target " + inQuotes(target) + " of the program " +
                           inQuotes(name) + ": " + errnoText(error) + log.hint(),
                .error = error,
                .program = name});
}

void BpfObject::load(const Napi::CallbackInfo& info) {
  bpf_object* object = opened(info.Env());
  LogCapture log;
  VerifierLogs verifierLogs(object);
  const int error = [object] {
    SignalsHeld held;
    return -bpf_object__load(object);
  }();
  if (error == 0) return;
  Failure failure{.message = "", .error = error, .whileLoading = true};
  failure.map = log.subject("map");
  failure.program = failure.map.empty() ? log.subject("prog") : "";
  const std::string subject = !failure.map.empty()       ? "the map " + inQuotes(failure.map) + " of "
                              : !failure.program.empty() ? "the program " + inQuotes(failure.program) + " of "
                                                         : "";
  failure.verifierLog = verifierLogs.of(failure.program);
  failure.message = "Cannot load " + subject + inQuotes(path_) + ": " + errnoText(error);
  // Without a verifier log, what libbpf says is all there is (a missing BTF type, a relocation without a
  // target).
  if (failure.verifierLog.empty()) failure.message += log.hint();
  throwFailure(info.Env(), failure);
}

Napi::Value BpfObject::program(const Napi::CallbackInfo& info) {
  const auto name = toString(info[0], "name");
  bpf_program* program = findProgram(info.Env(), name);
  return BpfProgram::wrap(info.Env(), {.fd = FileDescriptor::duplicate(bpf_program__fd(program)),
                                       .name = name,
                                       .type = bpf_program__type(program),
                                       .attachType = bpf_program__expected_attach_type(program),
                                       .object = object_,
                                       .program = program});
}

Napi::Value BpfObject::map(const Napi::CallbackInfo& info) {
  const auto name = toString(info[0], "name");
  return BpfMap::wrap(info.Env(), FileDescriptor::duplicate(bpf_map__fd(findMap(info.Env(), name))), name);
}

void BpfObject::close(const Napi::CallbackInfo&) { object_.reset(); }

}  // namespace merlon
