// SPDX-License-Identifier: Apache-2.0
#include <napi.h>

#include <memory>

#include "addon_state.h"
#include "bpf_link.h"
#include "bpf_map.h"
#include "bpf_object.h"
#include "bpf_program.h"
#include "btf.h"
#include "libbpf_log.h"
#include "probe.h"
#include "ring_reader.h"
#include "system.h"

namespace merlon {
namespace {

void initialize(const Napi::CallbackInfo& info) {
  if (!info[0].IsFunction())
    throw Napi::TypeError::New(info.Env(), "The value of \"errorClass\" must be a class");
  AddonState::of(info.Env()).errorClass = Napi::Persistent(info[0].As<Napi::Function>());
}

/** The table of contents: all that index.d.ts declares. */
Napi::Object init(Napi::Env env, Napi::Object exports) {
  installLogHandler();
  auto state = std::make_unique<AddonState>();
  const auto add = [&](const char* name, Napi::Function constructor) {
    exports.Set(name, constructor);
    return Napi::Persistent(constructor);
  };
  exports.Set("initialize", Napi::Function::New<initialize>(env, "initialize"));
  add("BpfObject", BpfObject::init(env));
  state->bpfProgram = add("BpfProgram", BpfProgram::init(env));
  state->bpfLink = add("BpfLink", BpfLink::init(env));
  state->bpfMap = add("BpfMap", BpfMap::init(env));
  state->btf = add("Btf", Btf::init(env));
  add("RingReader", RingReader::init(env));
  initProbe(env, exports);
  initSystem(env, exports);
  env.SetInstanceData(state.release());  // deleted with the environment
  return exports;
}

}  // namespace

NODE_API_MODULE(merlon, init)

}  // namespace merlon
