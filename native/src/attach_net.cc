// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "arguments.h"
#include "attach.h"
#include "uapi.h"

namespace merlon {
namespace {

AttachResult attachByFd(const LoadedProgram& program, Napi::Object spec, const char* target) {
  const int fd = toInt(spec.Get("fd"), "fd");
  return {bpf_link_create(program.fd.get(), fd, program.attachType, nullptr), target};
}

/** libbpf before 1.3 does not know these attach types, so the call is made by hand. */
AttachResult attachToInterface(const LoadedProgram& program, uint32_t interface, uint32_t attachType) {
  LinkCreate request{.programFd = static_cast<uint32_t>(program.fd.get()),
                     .target = interface,
                     .attachType = attachType,
                     .uprobeMulti = {}};
  const long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &request, sizeof(request));
  return {static_cast<int>(fd < 0 ? -errno : fd), "interface " + std::to_string(interface)};
}

}  // namespace

AttachResult attachCgroup(const LoadedProgram& program, Napi::Object spec) {
  return attachByFd(program, spec, "a cgroup");
}

AttachResult attachNetns(const LoadedProgram& program, Napi::Object spec) {
  return attachByFd(program, spec, "a network namespace");
}

AttachResult attachXdp(const LoadedProgram& program, Napi::Object spec) {
  const uint32_t interface = toUint32(spec.Get("ifindex"), "ifindex");
  return {bpf_link_create(program.fd.get(), static_cast<int>(interface), BPF_XDP, nullptr),
          "interface " + std::to_string(interface)};
}

AttachResult attachTcx(const LoadedProgram& program, Napi::Object spec) {
  return attachToInterface(program, toUint32(spec.Get("ifindex"), "ifindex"),
                           optionalBool(spec, "ingress") ? kAttachTcxIngress : kAttachTcxEgress);
}

AttachResult attachNetkit(const LoadedProgram& program, Napi::Object spec) {
  return attachToInterface(program, toUint32(spec.Get("ifindex"), "ifindex"),
                           optionalBool(spec, "primary") ? kAttachNetkitPrimary : kAttachNetkitPeer);
}

}  // namespace merlon
