// SPDX-License-Identifier: Apache-2.0
#include "btf_path.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "btf_types.h"
#include "errors.h"

namespace merlon {
namespace {

constexpr uint32_t kLargestUnit = 8;

struct Member {
  uint32_t type;
  uint64_t bits;
  uint32_t bitfieldBits;
};

std::optional<Member> findMember(const btf* types, uint32_t composite, std::string_view name, uint64_t bits) {
  const btf_type* type = btf__type_by_id(types, composite);
  const btf_member* members = btf_members(type);
  for (int i = 0; i < btf_vlen(type); i++) {
    const std::string_view memberName = btf__name_by_offset(types, members[i].name_off);
    const uint64_t memberBits = bits + btf_member_bit_offset(type, i);
    if (!memberName.empty()) {
      if (memberName != name) continue;
      return Member{members[i].type, memberBits, btf_member_bitfield_size(type, i)};
    }
    const uint32_t inner = resolveType(types, members[i].type);
    if (!btf_is_composite(btf__type_by_id(types, inner))) continue;
    if (const auto found = findMember(types, inner, name, memberBits)) return found;
  }
  return std::nullopt;
}

class Walker {
 public:
  Walker(const btf* types, uint32_t composite) : types_(types), type_(composite) {}

  void enterMember(std::string_view name) {
    followPointer();
    const uint32_t composite = resolveType(types_, type_);
    if (!btf_is_composite(btf__type_by_id(types_, composite))) {
      throw PathError(inQuotes(name) + " is asked of " + inQuotes(typeName(types_, type_)) +
                      ", which has no members");
    }
    const auto member = findMember(types_, composite, name, bits_);
    if (!member) throw PathError(inQuotes(typeName(types_, composite)) + " has no member " + inQuotes(name));
    type_ = member->type;
    bits_ = member->bits;
    bitfieldBits_ = member->bitfieldBits;
  }

  void enterElement(uint32_t index) {
    const btf_type* type = btf__type_by_id(types_, resolveType(types_, type_));
    if (btf_is_array(type)) {
      const auto* array = btf_array(type);
      // A flexible array has no length of its own.
      if (array->nelems > 0 && index >= array->nelems) {
        throw PathError("[" + std::to_string(index) + "] is past the end of " +
                        inQuotes(typeName(types_, type_)));
      }
      type_ = array->type;
    } else if (!followPointer()) {
      throw PathError(inQuotes(typeName(types_, type_)) + " has no elements");
    }
    bits_ += uint64_t{index} * typeSize(types_, type_) * 8;
  }

  ResolvedPath finish() && {
    ResolvedPath path{.steps = std::move(steps_), .type = type_, .size = typeSize(types_, type_)};
    uint64_t bytes = bits_ / 8;
    if (bitfieldBits_ > 0) {
      // The smallest aligned unit from the declared type's size on that holds all of it.
      for (bytes = bits_ / 8 / path.size * path.size; bits_ + bitfieldBits_ > (bytes + path.size) * 8;) {
        if (path.size == kLargestUnit) throw PathError("the bit field lies across two words");
        path.size *= 2;
        bytes = bits_ / 8 / path.size * path.size;
      }
      path.bitOffset = bits_ - bytes * 8;
      path.bitSize = bitfieldBits_;
    }
    path.steps.push_back({static_cast<uint32_t>(bytes), false});
    return path;
  }

 private:
  bool followPointer() {
    const btf_type* type = btf__type_by_id(types_, resolveType(types_, type_));
    if (!btf_is_ptr(type)) return false;
    steps_.push_back({static_cast<uint32_t>(bits_ / 8), true});
    type_ = type->type;
    bits_ = 0;
    return true;
  }

  const btf* types_;
  std::vector<PathStep> steps_;
  uint32_t type_;
  uint64_t bits_ = 0;
  uint32_t bitfieldBits_ = 0;
};

/** Takes "[12]" off the front. */
uint32_t takeIndex(std::string_view& rest) {
  const size_t end = rest.find(']');
  uint32_t index = 0;
  const char* last = rest.data() + (end == std::string_view::npos ? 0 : end);
  const auto [stop, error] = std::from_chars(rest.data() + 1, last, index);
  if (end == std::string_view::npos || error != std::errc() || stop != last) {
    throw PathError("an index is written as [NUMBER], not as " + inQuotes(rest));
  }
  rest.remove_prefix(end + 1);
  return index;
}

}  // namespace

ResolvedPath resolvePath(const btf* types, uint32_t composite, const std::string& path) {
  Walker walker(types, composite);
  std::string_view rest = path;
  for (bool first = true; first || !rest.empty(); first = false) {
    if (!first) {
      if (rest.front() != '.') throw PathError("a \".\" or \"[\" is missing before " + inQuotes(rest));
      rest.remove_prefix(1);
    }
    const std::string_view name = rest.substr(0, rest.find_first_of(".["));
    if (name.empty()) throw PathError("a member's name is missing before " + inQuotes(rest));
    rest.remove_prefix(name.size());
    walker.enterMember(name);
    while (rest.starts_with('[')) walker.enterElement(takeIndex(rest));
  }
  return std::move(walker).finish();
}

}  // namespace merlon
