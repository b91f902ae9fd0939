// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace merlon {

/** What the running kernel has: the probes and the symbol table of index.d.ts. */
void initProbe(Napi::Env env, Napi::Object exports);

}  // namespace merlon
