// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "file_descriptor.h"
#include "ring.h"

namespace merlon {

/**
 * `RingReader` in index.d.ts: one thread copies records out of the rings into batch buffers.
 *
 * A buffer is free, being filled (by the thread, or by drain()), queued, or held by JavaScript. The thread
 * puts filled buffers into `queue_` and wakes the JavaScript thread, which takes them from there in order;
 * stop() empties the queue itself after the join. So what was consumed is always delivered, and never after
 * stop().
 *
 * Lock rule: `mutex_` guards free_, queue_, deliveryPending_ and stopping_. It is never held while JavaScript
 * runs nor while records are copied. Rings are touched by the thread alone while it runs, and by the
 * JavaScript thread otherwise.
 */
class RingReader : public Napi::ObjectWrap<RingReader> {
 public:
  static Napi::Function init(Napi::Env env);
  explicit RingReader(const Napi::CallbackInfo& info);
  ~RingReader() override;

 private:
  enum class State { kFree, kFilling, kQueued, kHeld };
  struct Buffer {
    std::shared_ptr<uint8_t[]> memory;
    Napi::Reference<Napi::ArrayBuffer> array;
    size_t bytes = 0;
    uint32_t records = 0;
    State state = State::kFree;
  };
  struct Lane {
    FileDescriptor map;
    Ring ring;
    uint64_t end = 0;  // of what a fill reads
  };

  void start(const Napi::CallbackInfo& info);
  void release(const Napi::CallbackInfo& info);
  Napi::Value drain(const Napi::CallbackInfo& info);
  void stop(const Napi::CallbackInfo& info);
  Napi::Value stats(const Napi::CallbackInfo& info);
  Napi::Value pendingBytes(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  void openLane(Napi::Env env, Napi::Value map);
  void allocateBuffer(Napi::Env env);

  /** The wait for more records is cut into so many, each with a look at how full the rings are. */
  static constexpr int kCoalesceSlices = 4;

  // The thread
  void run();
  void coalesce();
  void readAll();
  bool worthReading() const;
  std::optional<size_t> takeFree(bool wait);
  bool fill(size_t index);
  void giveBack(size_t index);
  void enqueue(size_t index);

  // The JavaScript thread
  static void joinOnCleanup(void* reader);
  void joinThread();
  static void wake(napi_env env, napi_value, void* reader, void*);
  void deliver(Napi::Env env);
  void deliverLater(Napi::Env env);
  napi_status handOver(Napi::Env env, size_t index);
  std::optional<size_t> takeQueued();

  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<Buffer> buffers_;
  size_t batchBytes_ = 0;
  std::chrono::microseconds coalesceSlice_{0};
  bool running_ = false;
  bool closed_ = false;
  Napi::FunctionReference onBatch_;
  Napi::FunctionReference setImmediate_;

  FileDescriptor epoll_;
  FileDescriptor stopEvent_;
  std::thread thread_;
  /** Calls wake() on the JavaScript thread. */
  napi_threadsafe_function wake_ = nullptr;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<size_t> free_;
  std::deque<size_t> queue_;
  bool deliveryPending_ = false;
  bool stopping_ = false;

  std::atomic<uint64_t> wakeups_{0};
  std::atomic<uint64_t> batches_{0};
  std::atomic<uint64_t> records_{0};
  std::atomic<uint64_t> bytes_{0};
  std::atomic<uint64_t> waitedForBuffer_{0};
  std::atomic<uint64_t> oversized_{0};
};

}  // namespace merlon
