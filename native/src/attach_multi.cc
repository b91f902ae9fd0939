// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "arguments.h"
#include "attach.h"
#include "errors.h"
#include "uapi.h"

namespace merlon {
namespace {

/** An optional list that, when given, has one entry for each place. */
std::vector<uint64_t> optionalList(Napi::Object spec, const char* name, size_t places) {
  Napi::Value value = spec.Get(name);
  if (value.IsUndefined()) return {};
  auto list = toUint64s(value, name);
  if (list.size() == places) return list;
  throw Napi::TypeError::New(
      spec.Env(), std::string("The list \"") + name + "\" must have " + std::to_string(places) + " entries");
}

const uint64_t* dataOrNull(const std::vector<uint64_t>& list) { return list.empty() ? nullptr : list.data(); }

uint64_t address(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

}  // namespace

AttachResult attachKprobeMulti(const LoadedProgram& program, Napi::Object spec) {
  const auto functions = toStrings(spec.Get("functions"), "functions");
  const auto cookies = optionalList(spec, "cookies", functions.size());
  std::vector<const char*> names;
  for (const auto& function : functions) names.push_back(function.c_str());
  bpf_link_create_opts options{};
  options.sz = sizeof(options);
  options.kprobe_multi.flags = optionalBool(spec, "retprobe") ? BPF_F_KPROBE_MULTI_RETURN : 0;
  options.kprobe_multi.cnt = names.size();
  options.kprobe_multi.syms = names.data();
  options.kprobe_multi.cookies = reinterpret_cast<const __u64*>(dataOrNull(cookies));
  return {bpf_link_create(program.fd.get(), 0, BPF_TRACE_KPROBE_MULTI, &options),
          std::to_string(names.size()) + " functions"};
}

AttachResult attachUprobeMulti(const LoadedProgram& program, Napi::Object spec) {
  const auto path = toString(spec.Get("path"), "path");
  const auto offsets = toUint64s(spec.Get("offsets"), "offsets");
  const auto refCounters = optionalList(spec, "refCounterOffsets", offsets.size());
  const auto cookies = optionalList(spec, "cookies", offsets.size());
  LinkCreate request{.programFd = static_cast<uint32_t>(program.fd.get()),
                     .attachType = kAttachUprobeMulti,
                     .uprobeMulti = {.path = address(path.c_str()),
                                     .offsets = address(offsets.data()),
                                     .refCounterOffsets = address(dataOrNull(refCounters)),
                                     .cookies = address(dataOrNull(cookies)),
                                     .count = static_cast<uint32_t>(offsets.size()),
                                     .flags = optionalBool(spec, "retprobe") ? kUprobeMultiReturn : 0,
                                     .pid = optionalUint32(spec, "pid").value_or(0)}};
  const long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &request, sizeof(request));
  return {static_cast<int>(fd < 0 ? -errno : fd),
          std::to_string(offsets.size()) + " places in " + inQuotes(path)};
}

}  // namespace merlon
