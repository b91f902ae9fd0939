// SPDX-License-Identifier: Apache-2.0
/**
 * Parts of the kernel's user-space interface that the headers of the oldest supported build machine (6.1,
 * libbpf 1.1) lack. The numbers are fixed by include/uapi/linux/bpf.h of the version named beside each; a
 * test compares them with the running kernel's BTF.
 */
#pragma once

#include <cstdint>

namespace merlon {

constexpr uint32_t kAttachTcxIngress = 46;     // BPF_TCX_INGRESS, 6.6
constexpr uint32_t kAttachTcxEgress = 47;      // BPF_TCX_EGRESS, 6.6
constexpr uint32_t kAttachUprobeMulti = 48;    // BPF_TRACE_UPROBE_MULTI, 6.6
constexpr uint32_t kAttachNetkitPrimary = 54;  // BPF_NETKIT_PRIMARY, 6.7
constexpr uint32_t kAttachNetkitPeer = 55;     // BPF_NETKIT_PEER, 6.7

constexpr uint32_t kUprobeMultiReturn = 1;  // BPF_F_UPROBE_MULTI_RETURN, 6.6

/** The link_create part of union bpf_attr as it is since 6.6; zeros mean the same to tcx and netkit (6.7). */
struct LinkCreate {
  uint32_t programFd = 0;
  uint32_t target = 0;  // a file descriptor or an interface's index
  uint32_t attachType = 0;
  uint32_t flags = 0;
  struct {
    uint64_t path = 0;
    uint64_t offsets = 0;
    uint64_t refCounterOffsets = 0;
    uint64_t cookies = 0;
    uint32_t count = 0;
    uint32_t flags = 0;
    uint32_t pid = 0;
    uint32_t reserved = 0;
  } uprobeMulti;
};
static_assert(sizeof(LinkCreate) == 64);

}  // namespace merlon
