// SPDX-License-Identifier: Apache-2.0
#include "pinned.h"

#include <bpf/bpf.h>

#include <array>
#include <cerrno>

#include "errors.h"

namespace merlon {
namespace {

struct KindNames {
  const char* word;
  /** How the kind's files end in /proc/self/fd: anon_inode:bpf-map, in brackets since 6.18. A link is
   * bpf_link when it was created and bpf-link when it was opened again (bpf_link_new_fd). */
  std::string_view file;
};

constexpr std::array<KindNames, 3> kNames{{
    {"map", "map"},
    {"program", "prog"},
    {"link", "link"},
}};

std::string fileName(int fd) {
  std::array<char, 64> name{};
  const ssize_t length = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name.data(), name.size());
  return {name.data(), static_cast<size_t>(length < 0 ? 0 : length)};
}

}  // namespace

FileDescriptor openPinnedObject(Napi::Env env, const std::string& path, PinnedKind kind) {
  const KindNames& names = kNames[static_cast<size_t>(kind)];
  const std::string action = std::string("Cannot open the pinned ") + names.word + " " + inQuotes(path);
  FileDescriptor fd(bpf_obj_get(path.c_str()));
  if (!fd.valid()) throwErrno(env, action, errno);
  const std::string name = fileName(fd.get());
  // Asked as another kind, the kernel would fill a structure of the wrong shape.
  if (name.find(names.file) == std::string::npos) {
    throwFailure(env, {.message = action + ": it is " + inQuotes(name), .error = EINVAL});
  }
  return fd;
}

}  // namespace merlon
