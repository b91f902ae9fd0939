// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace merlon {

/** What a batch has taken up: `bytes` of `capacity` are written, by `records` records. */
struct BatchWriter {
  uint8_t* data;
  size_t capacity;
  size_t bytes = 0;
  uint32_t records = 0;
};

/**
 * The consumer's side of one BPF_MAP_TYPE_RINGBUF.
 *
 * The map's memory (kernel/bpf/ringbuf.c): a page with the consumer's position, which we write; a page with
 * the producer's position and, twice in a row so that no record ever wraps, the data, both read-only to us.
 * We map the data once and copy in two pieces what wraps: the second mapping would count as resident memory.
 * Positions only grow; modulo the size they are offsets. A record:
 *
 *     u32  length, with BUSY (bit 31) until it is committed and DISCARD (bit 30) when it was given up
 *     u32  page offset, for the kernel
 *     data, padded to 8
 */
class Ring {
 public:
  Ring() = default;
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  /** Maps the ring of `size` bytes; returns 0 or an errno. Consumption goes on where the last consumer
   * stopped. */
  int open(int mapFd, uint32_t size);

  /** Bytes between the positions, record headers included. */
  size_t pendingBytes() const;
  size_t size() const { return size_; }

  /** Where the next record will begin. */
  uint64_t end() const;

  enum class Outcome { kDrained, kBatchFull };
  /**
   * Copies committed records that begin before `end` into the batch, each as `u32 length, u32 lane` and its
   * bytes padded to 8, and gives their space back to the kernel. A record that no batch could hold is skipped
   * and counted in `oversized`.
   */
  Outcome read(uint32_t lane, uint64_t end, BatchWriter& batch, uint64_t& oversized);

 private:
  void copy(uint8_t* out, uint64_t position, size_t bytes) const;

  uint64_t* consumerPosition_ = nullptr;
  const uint64_t* producerPosition_ = nullptr;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t pageBytes_ = 0;
};

}  // namespace merlon
