// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <string>

#include "file_descriptor.h"

namespace merlon {

enum class PinnedKind { kMap, kProgram, kLink };

/** Opens what is pinned at `path`; throws ENOENT when nothing is, and EINVAL when it is of another kind. */
FileDescriptor openPinnedObject(Napi::Env env, const std::string& path, PinnedKind kind);

}  // namespace merlon
