// SPDX-License-Identifier: Apache-2.0
#include "btf_types.h"

namespace merlon {
namespace {

std::string nameOf(const btf* types, const btf_type* type) {
  const char* name = btf__name_by_offset(types, type->name_off);
  return name == nullptr ? "" : name;
}

std::string tagged(const char* tag, const std::string& name) {
  return name.empty() ? std::string(tag) + " {…}" : std::string(tag) + ' ' + name;
}

std::string pointerName(const btf* types, uint32_t target) {
  const btf_type* type = btf__type_by_id(types, resolveType(types, target));
  if (btf_is_func_proto(type)) return typeName(types, type->type) + " (*)()";
  const std::string name = typeName(types, target);
  return name + (name.ends_with('*') ? "*" : " *");
}

/** The outer dimension comes first, as in a declaration. */
std::string arrayName(const btf* types, const btf_type* type) {
  std::string dimensions;
  uint32_t element = 0;
  for (; btf_is_array(type); type = btf__type_by_id(types, element)) {
    dimensions += '[' + std::to_string(btf_array(type)->nelems) + ']';
    element = btf_array(type)->type;
  }
  return typeName(types, element) + dimensions;
}

}  // namespace

uint32_t resolveType(const btf* types, uint32_t id) {
  for (;;) {
    const btf_type* type = btf__type_by_id(types, id);
    const bool behind = btf_is_mod(type) || btf_is_typedef(type) || btf_is_type_tag(type);
    if (!behind) return id;
    id = type->type;
  }
}

const char* kindName(const btf* types, uint32_t id) {
  const btf_type* type = btf__type_by_id(types, resolveType(types, id));
  switch (btf_kind(type)) {
    case BTF_KIND_INT:
      return "int";
    case BTF_KIND_PTR:
      return "pointer";
    case BTF_KIND_ARRAY:
      return "array";
    case BTF_KIND_STRUCT:
      return "struct";
    case BTF_KIND_UNION:
      return "union";
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
      return "enum";
    case BTF_KIND_FLOAT:
      return "float";
    case BTF_KIND_FUNC:
    case BTF_KIND_FUNC_PROTO:
      return "function";
    case BTF_KIND_FWD:
      return "forward";
    default:
      return "void";
  }
}

std::string typeName(const btf* types, uint32_t id) {
  const btf_type* type = btf__type_by_id(types, id);
  switch (btf_kind(type)) {
    case BTF_KIND_UNKN:
      return "void";
    case BTF_KIND_PTR:
      return pointerName(types, type->type);
    case BTF_KIND_ARRAY:
      return arrayName(types, type);
    case BTF_KIND_STRUCT:
      return tagged("struct", nameOf(types, type));
    case BTF_KIND_UNION:
      return tagged("union", nameOf(types, type));
    case BTF_KIND_FWD:
      return tagged(btf_kflag(type) ? "union" : "struct", nameOf(types, type));
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
      return tagged("enum", nameOf(types, type));
    case BTF_KIND_CONST:
      return "const " + typeName(types, type->type);
    case BTF_KIND_VOLATILE:
      return "volatile " + typeName(types, type->type);
    case BTF_KIND_RESTRICT:
    case BTF_KIND_TYPE_TAG:
      return typeName(types, type->type);
    case BTF_KIND_FUNC_PROTO:
      return typeName(types, type->type) + " ()";
    default:
      return nameOf(types, type);
  }
}

uint32_t typeSize(const btf* types, uint32_t id) {
  const int64_t size = btf__resolve_size(types, id);
  return size < 0 ? 0 : static_cast<uint32_t>(size);
}

namespace {

/** A module's own type comes before one of the kernel's with the same name; 0 without. */
uint32_t findNamed(const btf* types, const std::string& name, uint32_t kind) {
  const btf* base = btf__base_btf(types);
  if (base != nullptr) {
    for (uint32_t id = btf__type_cnt(base); id < btf__type_cnt(types); id++) {
      const btf_type* type = btf__type_by_id(types, id);
      if (btf_kind(type) == kind && nameOf(types, type) == name) return id;
    }
  }
  const int found = btf__find_by_name_kind(types, name.c_str(), kind);
  return found < 0 ? 0 : found;
}

}  // namespace

uint32_t findComposite(const btf* types, const std::string& name) {
  for (const uint32_t kind : {BTF_KIND_STRUCT, BTF_KIND_UNION, BTF_KIND_TYPEDEF}) {
    const uint32_t found = findNamed(types, name, kind);
    if (found == 0) continue;
    const uint32_t id = resolveType(types, found);
    if (btf_is_composite(btf__type_by_id(types, id))) return id;
  }
  return 0;
}

}  // namespace merlon
