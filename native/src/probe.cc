// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <string>
#include <unordered_set>

#include "arguments.h"
#include "errors.h"
#include "file_descriptor.h"

namespace merlon {
namespace {

/** libbpf answers 1, 0 or a negative errno, which says nothing about the feature. */
Napi::Value answer(Napi::Env env, const char* what, int result) {
  if (result < 0) throwErrno(env, std::string("Cannot probe for a ") + what, -result);
  return Napi::Boolean::New(env, result == 1);
}

Napi::Value probeProgramType(const Napi::CallbackInfo& info) {
  const auto type = static_cast<bpf_prog_type>(toUint32(info[0], "type"));
  return answer(info.Env(), "program type", libbpf_probe_bpf_prog_type(type, nullptr));
}

Napi::Value probeMapType(const Napi::CallbackInfo& info) {
  const auto type = static_cast<bpf_map_type>(toUint32(info[0], "type"));
  return answer(info.Env(), "map type", libbpf_probe_bpf_map_type(type, nullptr));
}

/** The attach type that the kernel asks of a program type at load; 0 where it asks for none. */
bpf_attach_type attachTypeFor(bpf_prog_type type) {
  switch (type) {
    case BPF_PROG_TYPE_CGROUP_SOCK_ADDR:
      return BPF_CGROUP_INET4_CONNECT;
    case BPF_PROG_TYPE_CGROUP_SOCKOPT:
      return BPF_CGROUP_GETSOCKOPT;
    case BPF_PROG_TYPE_SK_LOOKUP:
      return BPF_SK_LOOKUP;
    default:
      return static_cast<bpf_attach_type>(0);
  }
}

/**
 * Whether the verifier refuses the helper in the words of kernels after 6.12, which libbpf 1.1 does not know:
 * it takes such a refusal for one with another reason (a missing argument), so for a helper that is there.
 */
bool refusesHelper(bpf_prog_type type, bpf_func_id helper) {
  bpf_insn program[2]{};
  program[0].code = BPF_JMP | BPF_CALL;
  program[0].imm = helper;
  program[1].code = BPF_JMP | BPF_EXIT;
  char log[4096] = "";
  bpf_prog_load_opts options{};
  options.sz = sizeof(options);
  options.log_level = 1;
  options.log_buf = log;
  options.log_size = sizeof(log);
  options.expected_attach_type = attachTypeFor(type);
  const FileDescriptor loaded(bpf_prog_load(type, nullptr, "GPL", program, 2, &options));
  return std::string_view(log).find("cannot use helper") != std::string_view::npos;
}

Napi::Value probeHelper(const Napi::CallbackInfo& info) {
  const auto type = static_cast<bpf_prog_type>(toUint32(info[0], "programType"));
  const auto helper = static_cast<bpf_func_id>(toUint32(info[1], "helper"));
  const int known = libbpf_probe_bpf_helper(type, helper, nullptr);
  return answer(info.Env(), "helper", known == 1 && refusesHelper(type, helper) ? 0 : known);
}

Napi::Value libbpfVersion(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), libbpf_version_string() + 1);  // without the "v"
}

Napi::Value possibleCpus(const Napi::CallbackInfo& info) {
  const int count = libbpf_num_possible_cpus();
  if (count < 0) throwErrno(info.Env(), "Cannot count the possible CPUs", -count);
  return Napi::Number::New(info.Env(), count);
}

Napi::Value enableRunStatistics(const Napi::CallbackInfo& info) {
  const int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
  if (fd < 0) throwErrno(info.Env(), "Cannot have the kernel measure eBPF programs", -fd);
  return Napi::Number::New(info.Env(), fd);
}

struct FileCloser {
  void operator()(FILE* file) const { fclose(file); }
};

Napi::Value findKernelSymbols(const Napi::CallbackInfo& info) {
  std::unordered_set<std::string> wanted;
  for (auto& name : toStrings(info[0], "names")) wanted.insert(std::move(name));
  const std::unique_ptr<FILE, FileCloser> file(fopen("/proc/kallsyms", "re"));
  if (!file) throwErrno(info.Env(), "Cannot open \"/proc/kallsyms\"", errno);

  auto list = Napi::Array::New(info.Env());
  char line[1024];
  std::string name;
  while (fgets(line, sizeof(line), file.get()) != nullptr) {
    uint64_t address = 0;
    char type = 0;
    char symbol[512];
    char module[128] = "";
    if (sscanf(line, "%" SCNx64 " %c %511s [%127[^]]", &address, &type, symbol, module) < 3) continue;
    name = symbol;
    // kptr_restrict shows every address as 0.
    if (address == 0 || !wanted.contains(name)) continue;
    auto entry = Napi::Object::New(info.Env());
    entry.Set("name", name);
    entry.Set("address", Napi::BigInt::New(info.Env(), address));
    entry.Set("module", module);
    entry.Set("type", std::string(1, type));
    list.Set(list.Length(), entry);
  }
  return list;
}

}  // namespace

void initProbe(Napi::Env env, Napi::Object exports) {
  exports.Set("probeProgramType", Napi::Function::New<probeProgramType>(env, "probeProgramType"));
  exports.Set("probeMapType", Napi::Function::New<probeMapType>(env, "probeMapType"));
  exports.Set("probeHelper", Napi::Function::New<probeHelper>(env, "probeHelper"));
  exports.Set("libbpfVersion", Napi::Function::New<libbpfVersion>(env, "libbpfVersion"));
  exports.Set("possibleCpus", Napi::Function::New<possibleCpus>(env, "possibleCpus"));
  exports.Set("enableRunStatistics", Napi::Function::New<enableRunStatistics>(env, "enableRunStatistics"));
  exports.Set("findKernelSymbols", Napi::Function::New<findKernelSymbols>(env, "findKernelSymbols"));
}

}  // namespace merlon
