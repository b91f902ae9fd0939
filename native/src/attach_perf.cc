// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <optional>

#include "arguments.h"
#include "attach.h"
#include "errors.h"

namespace merlon {
namespace {

#if defined(__x86_64__)
constexpr char kSyscallPrefix[] = "__x64_sys_";
#elif defined(__aarch64__)
constexpr char kSyscallPrefix[] = "__arm64_sys_";
#else
#error "Unknown prefix of this architecture's system call functions"
#endif

constexpr char kTracefs[] = "/sys/kernel/tracing/events/";

constexpr unsigned kRefCounterShift = 32;  // PERF_UPROBE_REF_CTR_OFFSET_SHIFT in kernel/events/core.c

std::optional<uint64_t> readNumber(const std::string& path) {
  std::ifstream file(path);
  uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

/** The type number and the bit that asks for a return probe, which the kernel assigns at boot to "kprobe" and
 * "uprobe". */
struct ProbeSource {
  uint32_t type;
  uint64_t returnBit;
};

std::optional<ProbeSource> findSource(const std::string& name) {
  const std::string directory = "/sys/bus/event_source/devices/" + name;
  const auto type = readNumber(directory + "/type");
  // "config:0"
  std::ifstream format(directory + "/format/retprobe");
  std::string word;
  unsigned bit = 0;
  if (!type || !std::getline(format, word, ':') || !(format >> bit)) return std::nullopt;
  return ProbeSource{static_cast<uint32_t>(*type), uint64_t{1} << bit};
}

/**
 * Opens the event for one process or all, ties the program to it and switches it on. The link holds the
 * event, so its descriptor is not needed afterwards.
 */
int linkToEvent(const LoadedProgram& program, perf_event_attr& attributes, std::optional<uint32_t> pid,
                std::optional<uint64_t> cookie) {
  attributes.size = sizeof(attributes);
  const long event = syscall(SYS_perf_event_open, &attributes, pid ? static_cast<pid_t>(*pid) : -1,
                             pid ? -1 : 0, -1, PERF_FLAG_FD_CLOEXEC);
  if (event < 0) return -errno;
  const FileDescriptor owner(static_cast<int>(event));
  bpf_link_create_opts options{};
  options.sz = sizeof(options);
  options.perf_event.bpf_cookie = cookie.value_or(0);
  FileDescriptor link(bpf_link_create(program.fd.get(), owner.get(), BPF_PERF_EVENT, &options));
  if (!link.valid()) return -errno;
  if (ioctl(owner.get(), PERF_EVENT_IOC_ENABLE, 0) != 0) return -errno;
  return link.release();
}

AttachResult attachKernelFunction(const LoadedProgram& program, Napi::Object spec,
                                  const std::string& function) {
  const std::string target = "the function " + inQuotes(function);
  const auto source = findSource("kprobe");
  if (!source) return {-EOPNOTSUPP, target};
  perf_event_attr attributes{};
  attributes.type = source->type;
  attributes.config = optionalBool(spec, "retprobe") ? source->returnBit : 0;
  attributes.kprobe_func = reinterpret_cast<uintptr_t>(function.c_str());
  attributes.probe_offset = optionalUint32(spec, "offset").value_or(0);
  return {linkToEvent(program, attributes, std::nullopt, optionalUint64(spec, "cookie")), target};
}

}  // namespace

AttachResult attachKprobe(const LoadedProgram& program, Napi::Object spec) {
  return attachKernelFunction(program, spec, toString(spec.Get("function"), "function"));
}

AttachResult attachKsyscall(const LoadedProgram& program, Napi::Object spec) {
  return attachKernelFunction(program, spec, kSyscallPrefix + toString(spec.Get("syscall"), "syscall"));
}

AttachResult attachTracepoint(const LoadedProgram& program, Napi::Object spec) {
  const auto name = toString(spec.Get("category"), "category") + "/" + toString(spec.Get("name"), "name");
  const std::string target = "the tracepoint " + inQuotes(name);
  auto id = readNumber(std::string(kTracefs) + name + "/id");
  if (!id) id = readNumber("/sys/kernel/debug/tracing/events/" + name + "/id");
  if (!id) return {-ENOENT, target + (access(kTracefs, F_OK) == 0 ? "" : " (tracefs is not mounted)")};
  perf_event_attr attributes{};
  attributes.type = PERF_TYPE_TRACEPOINT;
  attributes.config = *id;
  return {linkToEvent(program, attributes, std::nullopt, optionalUint64(spec, "cookie")), target};
}

AttachResult attachUprobe(const LoadedProgram& program, Napi::Object spec) {
  const auto path = toString(spec.Get("path"), "path");
  const auto source = findSource("uprobe");
  if (!source) return {-EOPNOTSUPP, inQuotes(path)};
  perf_event_attr attributes{};
  attributes.type = source->type;
  attributes.config = optionalBool(spec, "retprobe") ? source->returnBit : 0;
  attributes.config |= optionalUint64(spec, "refCounterOffset").value_or(0) << kRefCounterShift;
  attributes.uprobe_path = reinterpret_cast<uintptr_t>(path.c_str());
  attributes.probe_offset = toUint64(spec.Get("offset"), "offset");
  return {linkToEvent(program, attributes, optionalUint32(spec, "pid"), optionalUint64(spec, "cookie")),
          "an offset in " + inQuotes(path)};
}

AttachResult attachPerfEvent(const LoadedProgram& program, Napi::Object spec) {
  const int event = toInt(spec.Get("fd"), "fd");
  bpf_link_create_opts options{};
  options.sz = sizeof(options);
  options.perf_event.bpf_cookie = optionalUint64(spec, "cookie").value_or(0);
  FileDescriptor link(bpf_link_create(program.fd.get(), event, BPF_PERF_EVENT, &options));
  if (!link.valid() || ioctl(event, PERF_EVENT_IOC_ENABLE, 0) != 0) return {-errno, "a perf event"};
  return {link.release(), "a perf event"};
}

}  // namespace merlon
