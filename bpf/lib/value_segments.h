/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Values whose bytes stand in several segments: arrays of struct iovec, and what a struct iov_iter has left. They are put
 * together, as a call that takes them does. Iterators over pages and the like have no address and cannot be read.
 */
#ifndef MERLON_VALUE_SEGMENTS_H
#define MERLON_VALUE_SEGMENTS_H

#include "value_bytes.h"

/* UIO_MAXIOV (include/uapi/linux/uio.h): the kernel refuses a call with more. */
#define SEGMENTS_MAX 1024

/* A loop's callback gets a pointer to the stack only. */
struct segment_context {
	struct hook_scratch *scratch;
};

/* Makes the next entry the present segment, without what is to be skipped and what is beyond the limit. */
static __always_inline bool segment_next(struct segment_walk *walk)
{
	__u64 segment[2], skipped; /* struct iovec and struct kvec: address, length */

	if (!walk->left || walk->size >= walk->limit)
		return false;
	if (memory_read(segment, sizeof(segment), walk->next)) {
		walk->failed = true;
		return false;
	}
	walk->next += sizeof(segment);
	walk->left--;
	skipped = walk->skip < segment[1] ? walk->skip : segment[1];
	walk->skip -= skipped;
	walk->base = segment[0] + skipped;
	walk->length = segment[1] - skipped;
	if (walk->length > walk->limit - walk->size)
		walk->length = walk->limit - walk->size;
	walk->size += walk->length;
	return true;
}

/* What to read next, at most HOOK_STRING_MAX bytes; 0 where the walk only counts. False at the end. */
static __always_inline bool segment_take(struct segment_walk *walk, __u64 *from, __u64 *length)
{
	__u64 room = walk->room - walk->done;

	if (!walk->length && !segment_next(walk))
		return false;
	*from = walk->base;
	*length = walk->length < HOOK_STRING_MAX ? walk->length : HOOK_STRING_MAX;
	if (*length > room)
		*length = room;
	walk->base += *length;
	walk->length = room ? walk->length - *length : 0;
	return true;
}

/* Reads the next piece. Returns 1, which ends a loop, when that is not possible. */
static __always_inline long segment_read(struct segment_walk *walk, char *to, __u64 from, __u64 length)
{
	asm volatile("%0 &= %1" : "+r"(length) : "i"(2 * HOOK_STRING_MAX - 1));
	if (length > HOOK_STRING_MAX)
		return 1;
	if (length && memory_read(to, length, from)) {
		walk->failed = true;
		return 1;
	}
	walk->done += length;
	return 0;
}

static long segment_step(__u32 index, struct segment_context *context)
{
	struct hook_scratch *scratch = context->scratch;
	struct segment_walk *walk = &scratch->segments;
	__u64 offset, from, length;

	if (!segment_take(walk, &from, &length))
		return 1;
	offset = scratch->used + sizeof(struct hook_value) + walk->done;
	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
	return segment_read(walk, &scratch->tail[offset], from, length);
}

/* Begins with what is left of an iterator. False when it has no addresses. */
static __always_inline bool segments_of_iterator(struct segment_walk *walk, struct iov_iter *iter)
{
	__u8 type = BPF_CORE_READ(iter, iter_type);

	walk->limit = BPF_CORE_READ(iter, count);
	walk->skip = BPF_CORE_READ(iter, iov_offset);
	if (type == bpf_core_enum_value(enum iter_type, ITER_UBUF)) {
		walk->base = (__u64)BPF_CORE_READ(iter, ubuf) + walk->skip;
		walk->length = walk->size = walk->limit;
		return true;
	}
	if (type != bpf_core_enum_value(enum iter_type, ITER_IOVEC) &&
	    type != bpf_core_enum_value(enum iter_type, ITER_KVEC))
		return false;
	walk->next = bpf_core_field_exists(iter->__iov) ? (__u64)BPF_CORE_READ(iter, __iov)
							: (__u64)BPF_CORE_READ(iter, iov);
	walk->left = BPF_CORE_READ(iter, nr_segs);
	return true;
}

/* Begins a walk over the value's bytes, of which `word` is the address. False when they cannot be read. */
static __always_inline bool segments_open(struct hook_scratch *scratch, __u32 i, __u64 word)
{
	struct segment_walk *walk = &scratch->segments;

	__builtin_memset(walk, 0, sizeof(*walk));
	if (config.value[i].reader == READ_IOV_ITER)
		return segments_of_iterator(walk, (struct iov_iter *)word);
	if (config.value[i].reader == READ_IOVEC) {
		walk->next = word;
		walk->left = value_size_argument(scratch, i);
		walk->limit = value_size_limit(scratch, i);
	} else {
		walk->base = word;
		walk->length = walk->size = walk->limit = value_size(scratch, i);
	}
	return true;
}

static __noinline long value_load_segments(struct hook_scratch *scratch, __u32 i, __u64 word)
{
	struct segment_context context = { .scratch = scratch };
	struct segment_walk *walk = &scratch->segments;
	__u16 flags = 0;

	if (i >= HOOK_VALUES_MAX)
		return 0;
	if (!value_room(scratch) || !word) {
		value_fail(scratch, i, word ? VALUE_TRUNCATED : VALUE_MISSING);
		return 0;
	}
	if (!segments_open(scratch, i, word)) {
		value_fail(scratch, i, VALUE_UNREADABLE);
		return 0;
	}
	walk->room = HOOK_STRING_MAX;
	bpf_loop(SEGMENTS_MAX, segment_step, &context, 0);
	if (walk->failed)
		flags = VALUE_UNREADABLE;
	if (walk->size > walk->done || (walk->left && walk->size < walk->limit))
		flags |= VALUE_TRUNCATED;
	scratch->value[i].size = walk->size;
	value_end(scratch, i, walk->done, flags);
	return 0;
}

#endif
