// SPDX-License-Identifier: Apache-2.0
#include "ring_reader.h"

#include <linux/bpf.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <csignal>

#include "addon_state.h"
#include "arguments.h"
#include "bpf_map.h"
#include "errors.h"

namespace merlon {
namespace {

constexpr uint32_t kSmallestBatch = 4096;

/** Process signals belong to the threads that Node knows; a new thread inherits the mask of its creator. */
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_;
};

void watch(Napi::Env env, int epoll, int fd) {
  epoll_event event{.events = EPOLLIN, .data = {}};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
    throwErrno(env, "Cannot wait for a ring buffer", errno);
}

/** Passes the exception of a callback on to whoever has called us. */
void throwIfFailed(Napi::Env env, napi_status status) {
  if (status != napi_ok) throw Napi::Error::New(env);
}

}  // namespace

Napi::Function RingReader::init(Napi::Env env) {
  return DefineClass(env, "RingReader",
                     {
                         InstanceMethod<&RingReader::start>("start"),
                         InstanceMethod<&RingReader::release>("release"),
                         InstanceMethod<&RingReader::drain>("drain"),
                         InstanceMethod<&RingReader::stop>("stop"),
                         InstanceMethod<&RingReader::stats>("stats"),
                         InstanceMethod<&RingReader::pendingBytes>("pendingBytes"),
                         InstanceMethod<&RingReader::close>("close"),
                     });
}

RingReader::RingReader(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RingReader>(info) {
  Napi::Env env = info.Env();
  const auto options = toObject(info[0], "options");
  if (!info[1].IsFunction()) throw Napi::TypeError::New(env, "The value of \"onBatch\" must be a function");
  onBatch_ = Napi::Persistent(info[1].As<Napi::Function>());
  setImmediate_ = Napi::Persistent(env.Global().Get("setImmediate").As<Napi::Function>());
  batchBytes_ = toUint32(options.Get("batchBytes"), "batchBytes") & ~uint32_t{7};
  const uint32_t batches = toUint32(options.Get("batches"), "batches");
  if (batchBytes_ < kSmallestBatch || batches == 0) {
    throw Napi::RangeError::New(env, "The ring reader needs one batch or more of at least 4096 bytes");
  }
  coalesceSlice_ =
      std::chrono::milliseconds(toUint32(options.Get("coalesceMs"), "coalesceMs")) / kCoalesceSlices;

  epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  stopEvent_ = FileDescriptor(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.valid() || !stopEvent_.valid()) throwErrno(env, "Cannot prepare the ring reader", errno);
  watch(env, epoll_.get(), stopEvent_.get());
  Napi::Value rings = options.Get("rings");
  if (!rings.IsArray()) throw Napi::TypeError::New(env, "The value of \"rings\" must be an array");
  for (uint32_t i = 0; i < rings.As<Napi::Array>().Length(); i++)
    openLane(env, rings.As<Napi::Array>().Get(i));
  for (uint32_t i = 0; i < batches; i++) allocateBuffer(env);
}

RingReader::~RingReader() { joinThread(); }

void RingReader::openLane(Napi::Env env, Napi::Value value) {
  const auto& map = toWrapped<BpfMap>(value, AddonState::of(env).bpfMap, "a ring");
  const std::string action = "Cannot read the ring buffer " + inQuotes(map.name());
  if (map.type() != BPF_MAP_TYPE_RINGBUF) throwErrno(env, action + ": it is no ring buffer", EINVAL);
  auto lane = std::make_unique<Lane>();
  lane->map = FileDescriptor::duplicate(map.opened(env));
  if (!lane->map.valid()) throwErrno(env, action, errno);
  const int error = lane->ring.open(lane->map.get(), map.maxEntries());
  if (error != 0) throwErrno(env, action, error);
  watch(env, epoll_.get(), lane->map.get());
  lanes_.push_back(std::move(lane));
}

void RingReader::allocateBuffer(Napi::Env env) {
  Buffer buffer;
  buffer.memory = std::make_shared_for_overwrite<uint8_t[]>(batchBytes_);
  // The array shares the memory: neither side can free it under the other.
  auto share = std::make_unique<std::shared_ptr<uint8_t[]>>(buffer.memory);
  auto array = Napi::ArrayBuffer::New(
      env, buffer.memory.get(), batchBytes_,
      [](Napi::BasicEnv, void*, std::shared_ptr<uint8_t[]>* hint) {
        std::unique_ptr<std::shared_ptr<uint8_t[]>> owner(hint);
      },
      share.get());
  share.release();
  buffer.array = Napi::Reference<Napi::ArrayBuffer>::New(array, 1);
  free_.push_back(buffers_.size());
  buffers_.push_back(std::move(buffer));
}

void RingReader::start(const Napi::CallbackInfo& info) {
  if (closed_ || running_) throwErrno(info.Env(), "Cannot start the ring reader", closed_ ? EBADF : EALREADY);
  eventfd_t left = 0;
  eventfd_read(stopEvent_.get(), &left);
  stopping_ = false;
  const auto finish = [](napi_env, void*, void* reader) { static_cast<RingReader*>(reader)->Unref(); };
  const napi_status status = napi_create_threadsafe_function(
      info.Env(), nullptr, nullptr, Napi::String::New(info.Env(), "merlon.RingReader"), 0, 1, nullptr, finish,
      this, wake, &wake_);
  throwIfFailed(info.Env(), status);
  // A wake-up may still be on its way when the reader is stopped; its finalizer comes after it.
  Ref();
  // Runs before the finalizers of the environment, so that a worker or process that ends takes the thread
  // along.
  napi_add_env_cleanup_hook(info.Env(), joinOnCleanup, this);
  BlockedSignals blocked;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "merlon-ring");
  running_ = true;
}

void RingReader::joinOnCleanup(void* reader) { static_cast<RingReader*>(reader)->joinThread(); }

void RingReader::joinThread() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  eventfd_write(stopEvent_.get(), 1);
  thread_.join();
}

void RingReader::stop(const Napi::CallbackInfo& info) {
  if (running_) {
    running_ = false;
    joinThread();
    napi_remove_env_cleanup_hook(info.Env(), joinOnCleanup, this);
    napi_release_threadsafe_function(wake_, napi_tsfn_release);
  }
  // What onBatch throws goes to our caller; the rest stays queued for the next call.
  while (const auto index = takeQueued()) throwIfFailed(info.Env(), handOver(info.Env(), *index));
  deliveryPending_ = false;
}

void RingReader::close(const Napi::CallbackInfo& info) {
  if (closed_) return;
  stop(info);
  closed_ = true;
  lanes_.clear();
  buffers_.clear();
  free_.clear();
  epoll_.reset();
  stopEvent_.reset();
  onBatch_.Reset();  // it usually refers to us
}

void RingReader::release(const Napi::CallbackInfo& info) {
  const uint32_t index = toUint32(info[0], "index");
  if (closed_) return;  // a consumer may finish its last batch later
  {
    std::lock_guard lock(mutex_);
    if (index >= buffers_.size() || buffers_[index].state != State::kHeld) {
      throw Napi::RangeError::New(info.Env(), "Batch " + std::to_string(index) + " is not held");
    }
    buffers_[index].state = State::kFree;
    free_.push_back(index);
  }
  changed_.notify_all();
}

Napi::Value RingReader::drain(const Napi::CallbackInfo& info) {
  if (closed_ || running_) throwErrno(info.Env(), "Cannot drain the ring buffers", closed_ ? EBADF : EBUSY);
  uint32_t handed = 0;
  for (bool more = true; more;) {
    const auto index = takeFree(false);
    if (!index) {
      if (handed == 0)
        throwErrno(info.Env(), "Cannot drain the ring buffers without a released batch", ENOBUFS);
      break;
    }
    more = fill(*index);
    if (buffers_[*index].bytes == 0) {
      giveBack(*index);
      break;
    }
    {
      std::lock_guard lock(mutex_);
      buffers_[*index].state = State::kHeld;
    }
    handed++;
    throwIfFailed(info.Env(), handOver(info.Env(), *index));
  }
  return Napi::Number::New(info.Env(), handed);
}

Napi::Value RingReader::stats(const Napi::CallbackInfo& info) {
  auto result = Napi::Object::New(info.Env());
  const auto add = [&](const char* name, const std::atomic<uint64_t>& value) {
    result.Set(name, Napi::BigInt::New(info.Env(), value.load(std::memory_order_relaxed)));
  };
  add("wakeups", wakeups_);
  add("batches", batches_);
  add("records", records_);
  add("bytes", bytes_);
  add("waitedForBuffer", waitedForBuffer_);
  add("oversized", oversized_);
  return result;
}

Napi::Value RingReader::pendingBytes(const Napi::CallbackInfo& info) {
  auto list = Napi::Array::New(info.Env());
  for (const auto& lane : lanes_) list.Set(list.Length(), static_cast<double>(lane->ring.pendingBytes()));
  return list;
}

}  // namespace merlon
