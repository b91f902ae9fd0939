// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace merlon {

/** What belongs to one environment (the main thread or one worker): the addon has no globals. */
struct AddonState {
  Napi::FunctionReference errorClass;
  Napi::FunctionReference bpfProgram;
  Napi::FunctionReference bpfLink;
  Napi::FunctionReference bpfMap;
  Napi::FunctionReference btf;

  static AddonState& of(Napi::Env env) { return *env.GetInstanceData<AddonState>(); }
};

}  // namespace merlon
