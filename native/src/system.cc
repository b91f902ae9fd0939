// SPDX-License-Identifier: Apache-2.0
#include "system.h"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>

#include "arguments.h"
#include "errors.h"
#include "file_descriptor.h"

namespace merlon {
namespace {

Napi::Value peerCredentials(const Napi::CallbackInfo& info) {
  ucred credentials{};
  socklen_t bytes = sizeof(credentials);
  if (getsockopt(toInt(info[0], "fd"), SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) != 0) {
    throwErrno(info.Env(), "Cannot read the credentials of a socket's peer", errno);
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("pid", credentials.pid);
  result.Set("uid", credentials.uid);
  result.Set("gid", credentials.gid);
  return result;
}

Napi::Value lockFile(const Napi::CallbackInfo& info) {
  const auto path = toString(info[0], "path");
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.valid()) throwErrno(info.Env(), "Cannot open the lock file " + inQuotes(path), errno);
  if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) return Napi::Number::New(info.Env(), file.release());
  if (errno == EWOULDBLOCK) return info.Env().Undefined();
  throwErrno(info.Env(), "Cannot lock the file " + inQuotes(path), errno);
}

Napi::Value readClock(Napi::Env env, clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) throwErrno(env, "Cannot read a clock", errno);
  return Napi::BigInt::New(env, static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec);
}

Napi::Value clockBoottimeNs(const Napi::CallbackInfo& info) { return readClock(info.Env(), CLOCK_BOOTTIME); }
Napi::Value clockRealtimeNs(const Napi::CallbackInfo& info) { return readClock(info.Env(), CLOCK_REALTIME); }

Napi::Value pidfdOpen(const Napi::CallbackInfo& info) {
  const int pid = toInt(info[0], "pid");
  const long fd = syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0) throwErrno(info.Env(), "Cannot open process " + std::to_string(pid), errno);
  return Napi::Number::New(info.Env(), static_cast<double>(fd));
}

void mountFs(const Napi::CallbackInfo& info) {
  const auto type = toString(info[0], "type");
  const auto target = toString(info[1], "target");
  if (mount(type.c_str(), target.c_str(), type.c_str(), MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    throwErrno(info.Env(), "Cannot mount " + type + " on " + inQuotes(target), errno);
  }
}

void pinToCpus(const Napi::CallbackInfo& info) {
  if (!info[0].IsArray()) throw Napi::TypeError::New(info.Env(), "The value of \"cpus\" must be an array");
  auto cpus = info[0].As<Napi::Array>();
  cpu_set_t set;
  CPU_ZERO(&set);
  for (uint32_t i = 0; i < cpus.Length(); i++) {
    const uint32_t cpu = toUint32(cpus.Get(i), "cpu");
    if (cpu >= CPU_SETSIZE) throwErrno(info.Env(), "Cannot use CPU " + std::to_string(cpu), EINVAL);
    CPU_SET(cpu, &set);
  }
  if (sched_setaffinity(0, sizeof(set), &set) != 0)
    throwErrno(info.Env(), "Cannot restrict the thread to CPUs", errno);
}

/** SCHED_BATCH for the calling thread; the threads that it starts later inherit it (sched(7)). */
void useBatchScheduling(const Napi::CallbackInfo& info) {
  const sched_param parameters{};
  if (sched_setscheduler(0, SCHED_BATCH, &parameters) != 0)
    throwErrno(info.Env(), "Cannot schedule the thread as batch", errno);
}

/** For the whole process; what the kernel itself forces on it, as at an int3 of its own, still ends it. */
void ignoreTraps(const Napi::CallbackInfo& info) {
  struct sigaction action{};
  action.sa_handler = SIG_IGN;
  if (sigaction(SIGTRAP, &action, nullptr) != 0) throwErrno(info.Env(), "Cannot ignore SIGTRAP", errno);
}

/** Programs run under RCU; MEMBARRIER_CMD_GLOBAL is synchronize_rcu() (kernel/sched/membarrier.c). */
Napi::Value waitForRunningPrograms(const Napi::CallbackInfo& info) {
  const bool waited = syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == 0;
  if (!waited && errno != EINVAL) throwErrno(info.Env(), "Cannot wait for running programs", errno);
  return Napi::Boolean::New(info.Env(), waited);
}

}  // namespace

void initSystem(Napi::Env env, Napi::Object exports) {
  exports.Set("peerCredentials", Napi::Function::New<peerCredentials>(env, "peerCredentials"));
  exports.Set("lockFile", Napi::Function::New<lockFile>(env, "lockFile"));
  exports.Set("clockBoottimeNs", Napi::Function::New<clockBoottimeNs>(env, "clockBoottimeNs"));
  exports.Set("clockRealtimeNs", Napi::Function::New<clockRealtimeNs>(env, "clockRealtimeNs"));
  exports.Set("pidfdOpen", Napi::Function::New<pidfdOpen>(env, "pidfdOpen"));
  exports.Set("mountFs", Napi::Function::New<mountFs>(env, "mountFs"));
  exports.Set("useBatchScheduling", Napi::Function::New<useBatchScheduling>(env, "useBatchScheduling"));
  exports.Set("ignoreTraps", Napi::Function::New<ignoreTraps>(env, "ignoreTraps"));
  exports.Set("waitForRunningPrograms",
              Napi::Function::New<waitForRunningPrograms>(env, "waitForRunningPrograms"));
  exports.Set("pinToCpus", Napi::Function::New<pinToCpus>(env, "pinToCpus"));
}

}  // namespace merlon
