// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/btf.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace merlon {

/** Why a path does not resolve: the tail of a message. */
struct PathError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct PathStep {
  uint32_t offset;
  bool followsPointer;
};

struct ResolvedPath {
  std::vector<PathStep> steps;
  uint32_t type = 0;
  /** Bytes to load at the last step's offset; for a bit field those of the aligned unit that holds it. */
  uint32_t size = 0;
  uint32_t bitOffset = 0;
  uint32_t bitSize = 0;  // 0: no bit field
};

/**
 * Walks `path` from a struct or union:
 *
 *     path  = name *( index ) *( "." name *( index ) )
 *     index = "[" digits "]"
 *
 * Members of anonymous structs and unions are found by their own names. A pointer is followed where the path
 * goes on behind it, by a name or an index; a pointer at the end is itself the value. Throws PathError.
 */
ResolvedPath resolvePath(const btf* types, uint32_t composite, const std::string& path);

}  // namespace merlon
