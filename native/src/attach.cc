// SPDX-License-Identifier: Apache-2.0
#include "attach.h"

#include <bpf/bpf.h>

#include <functional>
#include <map>

#include "arguments.h"
#include "errors.h"
#include "libbpf_log.h"

namespace merlon {
namespace {

using AttachFunction = AttachResult (*)(const LoadedProgram&, Napi::Object);

/** fentry, fexit, fmod_ret, tp_btf and LSM: without a name the call attaches to what the program was loaded
 * for. */
AttachResult attachTrace(const LoadedProgram& program, Napi::Object) {
  return {bpf_raw_tracepoint_open(nullptr, program.fd.get()), "its target"};
}

AttachResult attachRawTracepoint(const LoadedProgram& program, Napi::Object spec) {
  const auto name = toString(spec.Get("name"), "name");
  return {bpf_raw_tracepoint_open(name.c_str(), program.fd.get()), "the tracepoint " + inQuotes(name)};
}

AttachResult attachIterator(const LoadedProgram& program, Napi::Object spec) {
  bpf_iter_link_info filter{};
  bpf_link_create_opts options{};
  options.sz = sizeof(options);
  if (const auto map = optionalUint32(spec, "mapFd")) filter.map.map_fd = *map;
  if (const auto pid = optionalUint32(spec, "pid")) filter.task.pid = *pid;
  if (!spec.Get("mapFd").IsUndefined() || !spec.Get("pid").IsUndefined()) {
    options.iter_info = &filter;
    options.iter_info_len = sizeof(filter);
  }
  return {bpf_link_create(program.fd.get(), 0, BPF_TRACE_ITER, &options), "an iterator"};
}

const std::map<std::string, AttachFunction, std::less<>>& attachFunctions() {
  static const std::map<std::string, AttachFunction, std::less<>> functions{
      {"trace", attachTrace},
      {"lsm", attachTrace},
      {"kprobe", attachKprobe},
      {"kprobeMulti", attachKprobeMulti},
      {"ksyscall", attachKsyscall},
      {"tracepoint", attachTracepoint},
      {"rawTracepoint", attachRawTracepoint},
      {"uprobe", attachUprobe},
      {"uprobeMulti", attachUprobeMulti},
      {"perfEvent", attachPerfEvent},
      {"cgroup", attachCgroup},
      {"netns", attachNetns},
      {"xdp", attachXdp},
      {"tcx", attachTcx},
      {"netkit", attachNetkit},
      {"iter", attachIterator},
  };
  return functions;
}

bpf_link* attachUsdt(const LoadedProgram& program, Napi::Object spec) {
  const auto path = toString(spec.Get("path"), "path");
  const auto provider = toString(spec.Get("provider"), "provider");
  const auto name = toString(spec.Get("name"), "name");
  bpf_usdt_opts options{};
  options.sz = sizeof(options);
  options.usdt_cookie = optionalUint64(spec, "cookie").value_or(0);
  const auto pid = optionalUint32(spec, "pid");
  return bpf_program__attach_usdt(program.program, pid ? static_cast<pid_t>(*pid) : -1, path.c_str(),
                                  provider.c_str(), name.c_str(), &options);
}

bpf_link* attachFreplace(const LoadedProgram& program, Napi::Object spec) {
  const auto function = toString(spec.Get("function"), "function");
  return bpf_program__attach_freplace(program.program, toInt(spec.Get("targetFd"), "targetFd"),
                                      function.c_str());
}

bool needsLibbpfState(bpf_link* link) {
  bpf_link_info details{};
  uint32_t bytes = sizeof(details);
  if (bpf_obj_get_info_by_fd(bpf_link__fd(link), &details, &bytes) != 0) return true;
  return details.type == BPF_LINK_TYPE_PERF_EVENT;
}

/** Keeps the descriptor alone where that is all there is to a link. */
Attachment adopt(const LoadedProgram& program, bpf_link* link) {
  if (needsLibbpfState(link)) return {.fd = {}, .object = program.object, .libbpf = LibbpfLink(link)};
  Attachment attachment{.fd = FileDescriptor(bpf_link__fd(link))};
  bpf_link__disconnect(link);
  bpf_link__destroy(link);
  return attachment;
}

Attachment attachByLibbpf(Napi::Env env, const LoadedProgram& program, const std::string& kind,
                          Napi::Object spec) {
  const std::string action = "Cannot attach the program " + inQuotes(program.name) + " as " + inQuotes(kind);
  if (program.program == nullptr) {
    throwFailure(env, {.message = action + ": it was opened from a pin, and this kind needs its object",
                       .error = EOPNOTSUPP,
                       .program = program.name});
  }
  LogCapture log;
  bpf_link* link = kind == "usdt"       ? attachUsdt(program, spec)
                   : kind == "freplace" ? attachFreplace(program, spec)
                                        : bpf_program__attach(program.program);
  if (link != nullptr) return adopt(program, link);
  const int error = errno;
  throwFailure(
      env,
      {.message = action + ": " + errnoText(error) + log.hint(), .error = error, .program = program.name});
}

}  // namespace

Attachment attachProgram(Napi::Env env, const LoadedProgram& program, Napi::Object spec) {
  const auto kind = toString(spec.Get("kind"), "kind");
  if (kind == "auto" || kind == "usdt" || kind == "freplace") return attachByLibbpf(env, program, kind, spec);
  const auto found = attachFunctions().find(kind);
  if (found == attachFunctions().end())
    throw Napi::TypeError::New(env, "Unknown attach kind " + inQuotes(kind));
  const AttachResult result = found->second(program, spec);
  if (result.fd >= 0) return {.fd = FileDescriptor(result.fd)};
  throwFailure(env, {.message = "Cannot attach the program " + inQuotes(program.name) + " to " +
                                result.target + ": " + errnoText(-result.fd),
                     .error = -result.fd,
                     .program = program.name});
}

}  // namespace merlon
