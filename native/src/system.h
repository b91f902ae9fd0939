// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace merlon {

/** The system calls of index.d.ts that Node has no binding for. */
void initSystem(Napi::Env env, Napi::Object exports);

}  // namespace merlon
