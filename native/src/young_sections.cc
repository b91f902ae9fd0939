// SPDX-License-Identifier: Apache-2.0
#include "young_sections.h"

#include <string>
#include <string_view>

#include "uapi.h"

namespace merlon {
namespace {

struct SectionKind {
  std::string_view section;
  bpf_prog_type type;
  uint32_t attachType;
};

constexpr SectionKind kYoungSections[] = {
    {"uprobe.multi", BPF_PROG_TYPE_KPROBE, kAttachUprobeMulti},
    {"uretprobe.multi", BPF_PROG_TYPE_KPROBE, kAttachUprobeMulti},
    {"tcx/ingress", BPF_PROG_TYPE_SCHED_CLS, kAttachTcxIngress},
    {"tcx/egress", BPF_PROG_TYPE_SCHED_CLS, kAttachTcxEgress},
    {"netkit/primary", BPF_PROG_TYPE_SCHED_CLS, kAttachNetkitPrimary},
    {"netkit/peer", BPF_PROG_TYPE_SCHED_CLS, kAttachNetkitPeer},
};

}  // namespace

void typeYoungSections(bpf_object* object) {
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    if (bpf_program__type(program) != BPF_PROG_TYPE_UNSPEC) continue;
    const std::string_view section = bpf_program__section_name(program);
    for (const auto& kind : kYoungSections) {
      if (section != kind.section && !section.starts_with(std::string(kind.section) + '/')) continue;
      bpf_program__set_type(program, kind.type);
      bpf_program__set_expected_attach_type(program, static_cast<bpf_attach_type>(kind.attachType));
    }
  }
}

}  // namespace merlon
