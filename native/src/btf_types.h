// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bpf/btf.h>

#include <cstdint>
#include <string>

namespace merlon {

/** The type behind typedef, const, volatile, restrict and tags. */
uint32_t resolveType(const btf* types, uint32_t id);

/** "int", "pointer", "array", "struct", "union", "enum", "float", "function", "forward" or "void", behind
 * modifiers. */
const char* kindName(const btf* types, uint32_t id);

/** As C writes it: "const char *", "struct list_head", "long[2]". */
std::string typeName(const btf* types, uint32_t id);

/** Bytes of a value; 0 for void, functions and types that are declared only. */
uint32_t typeSize(const btf* types, uint32_t id);

/** The struct, union, or typedef of one with that name; 0 when there is none. */
uint32_t findComposite(const btf* types, const std::string& name);

}  // namespace merlon
