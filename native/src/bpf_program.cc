// SPDX-License-Identifier: Apache-2.0
#include "bpf_program.h"

#include <bpf/bpf.h>

#include <array>

#include "addon_state.h"
#include "arguments.h"
#include "attach.h"
#include "bpf_link.h"
#include "errors.h"
#include "pinned.h"

namespace merlon {
namespace {

std::string toHex(const uint8_t* bytes, size_t count) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (size_t i = 0; i < count; i++) {
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

}  // namespace

Napi::Function BpfProgram::init(Napi::Env env) {
  return DefineClass(env, "BpfProgram",
                     {
                         StaticMethod<&BpfProgram::openPinned>("openPinned"),
                         InstanceAccessor<&BpfProgram::fd>("fd"),
                         InstanceMethod<&BpfProgram::info>("info"),
                         InstanceMethod<&BpfProgram::attach>("attach"),
                         InstanceMethod<&BpfProgram::testRun>("testRun"),
                         InstanceMethod<&BpfProgram::pin>("pin"),
                         InstanceMethod<&BpfProgram::close>("close"),
                     });
}

BpfProgram::BpfProgram(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BpfProgram>(info) {
  if (!info[0].IsExternal())
    throw Napi::TypeError::New(info.Env(), "BpfProgram is made by BpfObject or openPinned");
  loaded_ = std::move(*info[0].As<Napi::External<LoadedProgram>>().Data());
}

Napi::Value BpfProgram::wrap(Napi::Env env, LoadedProgram loaded) {
  if (!loaded.fd.valid()) {
    throwFailure(env, {.message = "Cannot use the program " + inQuotes(loaded.name) + " before it is loaded",
                       .error = EBADF,
                       .program = loaded.name});
  }
  return AddonState::of(env).bpfProgram.New({Napi::External<LoadedProgram>::New(env, &loaded)});
}

Napi::Value BpfProgram::openPinned(const Napi::CallbackInfo& info) {
  const auto path = toString(info[0], "path");
  LoadedProgram loaded{.fd = openPinnedObject(info.Env(), path, PinnedKind::kProgram)};
  bpf_prog_info details{};
  uint32_t bytes = sizeof(details);
  const int error = -bpf_obj_get_info_by_fd(loaded.fd.get(), &details, &bytes);
  if (error != 0)
    throwErrno(info.Env(), "Cannot read the properties of the program at " + inQuotes(path), error);
  loaded.name = details.name;
  loaded.type = static_cast<bpf_prog_type>(details.type);
  if (!info[1].IsUndefined())
    loaded.attachType = static_cast<bpf_attach_type>(toUint32(info[1], "attachType"));
  return wrap(info.Env(), std::move(loaded));
}

const LoadedProgram& BpfProgram::opened(Napi::Env env) const {
  if (!loaded_.fd.valid()) fail(env, "use the closed program " + inQuotes(loaded_.name), EBADF);
  return loaded_;
}

void BpfProgram::fail(Napi::Env env, const std::string& action, int error) const {
  throwFailure(
      env,
      {.message = "Cannot " + action + ": " + errnoText(error), .error = error, .program = loaded_.name});
}

Napi::Value BpfProgram::fd(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), opened(info.Env()).fd.get());
}

Napi::Value BpfProgram::info(const Napi::CallbackInfo& info) {
  bpf_prog_info details{};
  uint32_t bytes = sizeof(details);
  const int error = -bpf_obj_get_info_by_fd(opened(info.Env()).fd.get(), &details, &bytes);
  if (error != 0) fail(info.Env(), "read the properties of the program " + inQuotes(loaded_.name), error);
  const auto bigint = [&](uint64_t value) { return Napi::BigInt::New(info.Env(), value); };
  auto result = Napi::Object::New(info.Env());
  result.Set("id", details.id);
  result.Set("type", details.type);
  result.Set("name", std::string(details.name));
  result.Set("tag", toHex(details.tag, sizeof(details.tag)));
  result.Set("runCount", bigint(details.run_cnt));
  result.Set("runTimeNs", bigint(details.run_time_ns));
  result.Set("recursionMisses", bigint(details.recursion_misses));
  result.Set("verifiedInstructions", details.verified_insns);
  result.Set("xlatedBytes", details.xlated_prog_len);
  result.Set("jitedBytes", details.jited_prog_len);
  return result;
}

Napi::Value BpfProgram::attach(const Napi::CallbackInfo& info) {
  const auto& loaded = opened(info.Env());
  return BpfLink::wrap(info.Env(), attachProgram(info.Env(), loaded, toObject(info[0], "spec")));
}

Napi::Value BpfProgram::testRun(const Napi::CallbackInfo& info) {
  const auto request = toObject(info[0], "options");
  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  if (const auto data = optionalBytes(request, "data")) {
    options.data_in = data->data();
    options.data_size_in = data->size();
  }
  if (const auto context = optionalBytes(request, "context")) {
    options.ctx_in = context->data();
    options.ctx_size_in = context->size();
  }
  options.repeat = optionalUint32(request, "repeat").value_or(0);
  if (const auto cpu = optionalUint32(request, "cpu")) {
    options.flags = BPF_F_TEST_RUN_ON_CPU;
    options.cpu = *cpu;
  }
  auto output = Napi::Uint8Array::New(info.Env(), optionalUint32(request, "dataOutSize").value_or(0));
  if (output.ByteLength() > 0) {
    options.data_out = output.Data();
    options.data_size_out = output.ByteLength();
  }
  const int error = -bpf_prog_test_run_opts(opened(info.Env()).fd.get(), &options);
  if (error != 0) fail(info.Env(), "test the program " + inQuotes(loaded_.name), error);
  auto result = Napi::Object::New(info.Env());
  result.Set("returnValue", options.retval);
  result.Set("durationNs", options.duration);
  const size_t filled = output.ByteLength() > 0 ? options.data_size_out : 0;
  result.Set("data", Napi::Uint8Array::New(info.Env(), filled, output.ArrayBuffer(), 0));
  return result;
}

void BpfProgram::pin(const Napi::CallbackInfo& info) {
  const auto path = toString(info[0], "path");
  const int error = -bpf_obj_pin(opened(info.Env()).fd.get(), path.c_str());
  if (error != 0)
    fail(info.Env(), "pin the program " + inQuotes(loaded_.name) + " at " + inQuotes(path), error);
}

void BpfProgram::close(const Napi::CallbackInfo&) {
  loaded_.fd.reset();
  loaded_.program = nullptr;
  loaded_.object.reset();
}

}  // namespace merlon
