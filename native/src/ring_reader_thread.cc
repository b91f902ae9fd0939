// SPDX-License-Identifier: Apache-2.0
/** The part of RingReader that runs on its own thread; drain() borrows takeFree, fill and giveBack. */
#include <sys/epoll.h>

#include "ring_reader.h"

namespace merlon {

void RingReader::run() {
  for (;;) {
    epoll_event event;
    // Level-triggered: asks the rings themselves, so that no wake-up is lost between the last read and the
    // wait.
    if (epoll_wait(epoll_.get(), &event, 1, -1) < 0)
      continue;  // only EINTR: the descriptors are ours and open
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    wakeups_++;
    coalesce();
    readAll();
  }
}

void RingReader::coalesce() {
  for (int slice = 0; slice < kCoalesceSlices && coalesceSlice_.count() > 0 && !worthReading(); slice++) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, coalesceSlice_, [this] { return stopping_; })) return;
  }
}

bool RingReader::worthReading() const {
  size_t pending = 0;
  for (const auto& lane : lanes_) {
    const size_t bytes = lane->ring.pendingBytes();
    if (bytes > lane->ring.size() / 2) return true;
    pending += bytes;
  }
  return pending >= batchBytes_;
}

void RingReader::readAll() {
  for (bool more = true; more;) {
    const auto index = takeFree(true);
    if (!index) return;
    more = fill(*index);
    if (buffers_[*index].bytes == 0) {
      giveBack(*index);
    } else {
      enqueue(*index);
    }
  }
}

/** nullopt: there is none, or (when waiting) the reader is to stop. */
std::optional<size_t> RingReader::takeFree(bool wait) {
  std::unique_lock lock(mutex_);
  if (wait && free_.empty() && !stopping_) {
    waitedForBuffer_++;
    changed_.wait(lock, [this] { return stopping_ || !free_.empty(); });
  }
  if (free_.empty() || (wait && stopping_)) return std::nullopt;
  const size_t index = free_.front();
  free_.pop_front();
  buffers_[index].state = State::kFilling;
  return index;
}

/**
 * Fills a buffer, the first lane before the others; true when a ring had more than found room. How far a lane
 * is read is looked at before the lanes in front of it are read: whatever led to one of its records stands
 * before it.
 */
bool RingReader::fill(size_t index) {
  Buffer& buffer = buffers_[index];
  BatchWriter batch{.data = buffer.memory.get(), .capacity = batchBytes_};
  uint64_t oversized = 0;
  bool full = false;
  for (size_t lane = lanes_.size(); lane-- > 0;) lanes_[lane]->end = lanes_[lane]->ring.end();
  for (uint32_t lane = 0; lane < lanes_.size() && !full; lane++) {
    Lane& each = *lanes_[lane];
    full = each.ring.read(lane, each.end, batch, oversized) == Ring::Outcome::kBatchFull;
  }
  buffer.bytes = batch.bytes;
  buffer.records = batch.records;
  oversized_ += oversized;
  records_ += batch.records;
  bytes_ += batch.bytes;
  return full;
}

void RingReader::giveBack(size_t index) {
  std::lock_guard lock(mutex_);
  buffers_[index].state = State::kFree;
  free_.push_front(index);
}

void RingReader::enqueue(size_t index) {
  {
    std::lock_guard lock(mutex_);
    buffers_[index].state = State::kQueued;
    queue_.push_back(index);
    if (deliveryPending_) return;
    deliveryPending_ = true;
  }
  // Refused only while the environment closes, which runs no JavaScript any more.
  napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
}

}  // namespace merlon
