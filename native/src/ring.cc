// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace merlon {
namespace {

size_t padded(size_t length) { return (length + 7) & ~size_t{7}; }

template <typename Number>
Number loadAcquire(const Number* place) {
  // atomic_ref<const T> is C++26. The page may be mapped read-only; a load does not write.
  return std::atomic_ref<Number>(*const_cast<Number*>(place)).load(std::memory_order_acquire);
}

}  // namespace

Ring::~Ring() {
  if (consumerPosition_ != nullptr) munmap(consumerPosition_, pageBytes_);
  if (producerPosition_ != nullptr) munmap(const_cast<uint64_t*>(producerPosition_), pageBytes_ + size_);
}

int Ring::open(int mapFd, uint32_t size) {
  pageBytes_ = sysconf(_SC_PAGESIZE);
  size_ = size;
  void* consumer = mmap(nullptr, pageBytes_, PROT_READ | PROT_WRITE, MAP_SHARED, mapFd, 0);
  if (consumer == MAP_FAILED) return errno;
  consumerPosition_ = static_cast<uint64_t*>(consumer);
  void* producer = mmap(nullptr, pageBytes_ + size_, PROT_READ, MAP_SHARED, mapFd, pageBytes_);
  if (producer == MAP_FAILED) return errno;
  producerPosition_ = static_cast<const uint64_t*>(producer);
  data_ = static_cast<const uint8_t*>(producer) + pageBytes_;
  return 0;
}

size_t Ring::pendingBytes() const { return loadAcquire(producerPosition_) - loadAcquire(consumerPosition_); }

uint64_t Ring::end() const { return loadAcquire(producerPosition_); }

Ring::Outcome Ring::read(uint32_t lane, uint64_t end, BatchWriter& batch, uint64_t& oversized) {
  // Nobody else writes it: a ring has one consumer.
  uint64_t position = loadAcquire(consumerPosition_);
  auto outcome = Outcome::kDrained;
  while (position < end) {
    const uint8_t* record = data_ + (position & (size_ - 1));
    // Acquire: pairs with the xchg that commits the record, so that its bytes are seen after its length.
    const uint32_t header = loadAcquire(reinterpret_cast<const uint32_t*>(record));
    if (header & BPF_RINGBUF_BUSY_BIT) break;
    const uint32_t length = header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    const size_t bytes = BPF_RINGBUF_HDR_SZ + padded(length);
    if (bytes > batch.capacity) {
      oversized += (header & BPF_RINGBUF_DISCARD_BIT) ? 0 : 1;
    } else if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
      if (batch.bytes + bytes > batch.capacity) {
        outcome = Outcome::kBatchFull;
        break;
      }
      uint8_t* out = batch.data + batch.bytes;
      std::memcpy(out, &length, sizeof(length));
      std::memcpy(out + sizeof(length), &lane, sizeof(lane));
      copy(out + BPF_RINGBUF_HDR_SZ, position + BPF_RINGBUF_HDR_SZ, padded(length));
      batch.bytes += bytes;
      batch.records++;
    }
    position += bytes;
  }
  // Once per call: each store takes the cache line from the producers, which read it for every record.
  // Release: the kernel may write the space again only after we have read it.
  std::atomic_ref<uint64_t>(*consumerPosition_).store(position, std::memory_order_release);
  return outcome;
}

void Ring::copy(uint8_t* out, uint64_t position, size_t bytes) const {
  const size_t offset = position & (size_ - 1);
  const size_t first = std::min(bytes, size_ - offset);
  std::memcpy(out, data_ + offset, first);
  std::memcpy(out + first, data_, bytes - first);
}

}  // namespace merlon
