// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <string>

#include "bpf_link.h"
#include "bpf_program.h"

namespace merlon {

/**
 * Attaches a program as an `AttachSpec` of index.d.ts says. Nearly every kind is one BPF_LINK_CREATE, so that
 * it works for programs opened from a pin as well, and its link outlives every handle while it is pinned
 * (libbpf's own links for perf events do not: closing one disables the event). libbpf attaches what needs the
 * object: USDT, freplace and `auto`.
 */
Attachment attachProgram(Napi::Env env, const LoadedProgram& program, Napi::Object spec);

/** A link's descriptor, or a negative errno, and what it was to be attached to, for the message. */
struct AttachResult {
  int fd;
  std::string target;
};

/** attach_perf.cc: those that hang on a perf event */
AttachResult attachKprobe(const LoadedProgram& program, Napi::Object spec);
AttachResult attachKsyscall(const LoadedProgram& program, Napi::Object spec);
AttachResult attachTracepoint(const LoadedProgram& program, Napi::Object spec);
AttachResult attachUprobe(const LoadedProgram& program, Napi::Object spec);
AttachResult attachPerfEvent(const LoadedProgram& program, Napi::Object spec);

/** attach_multi.cc: many functions by one link */
AttachResult attachKprobeMulti(const LoadedProgram& program, Napi::Object spec);
AttachResult attachUprobeMulti(const LoadedProgram& program, Napi::Object spec);

/** attach_net.cc: interfaces, cgroups and network namespaces */
AttachResult attachCgroup(const LoadedProgram& program, Napi::Object spec);
AttachResult attachNetns(const LoadedProgram& program, Napi::Object spec);
AttachResult attachXdp(const LoadedProgram& program, Napi::Object spec);
AttachResult attachTcx(const LoadedProgram& program, Napi::Object spec);
AttachResult attachNetkit(const LoadedProgram& program, Napi::Object spec);

}  // namespace merlon
