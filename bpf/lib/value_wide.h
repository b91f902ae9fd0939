/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Records that hold more of a buffer than its value does (maxData). Such a record is put together in a larger place, of
 * which a CPU has one: it goes with slot 0 of the scratch. A run that interrupts or preempts another has none; its buffers
 * end as those without maxData do, and say so.
 */
#ifndef MERLON_VALUE_WIDE_H
#define MERLON_VALUE_WIDE_H

#include "emit.h"
#include "hook_values.h"

#define WIDE_DATA_MAX (HOOK_DATA_MAX + HOOK_WIDE_MAX)

struct wide_scratch {
	struct hook_event event;
	/* The values and the rests; then a margin, so that the verifier need not know how long a piece is. */
	char tail[WIDE_DATA_MAX + HOOK_STRING_MAX];
};

/* Entry cpu. There while a hook needs it; user space sets max_entries before load. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wide_scratch);
} hook_wide SEC(".maps");

struct wide_context {
	struct hook_scratch *scratch;
	struct wide_scratch *wide;
	__u64 start; /* of the bytes in the tail */
};

static long wide_step(__u32 index, struct wide_context *context)
{
	struct segment_walk *walk = &context->scratch->segments;
	__u64 offset, from, length;

	if (!segment_take(walk, &from, &length))
		return 1;
	offset = context->start + walk->done;
	asm volatile("" : "+r"(offset));
	if (offset >= WIDE_DATA_MAX)
		return 1;
	return segment_read(walk, &context->wide->tail[offset], from, length);
}

/* Lets a walk begin behind the bytes that the value holds. */
static __always_inline void wide_skip(struct segment_walk *walk)
{
	walk->limit -= VALUE_REST_FROM;
	if (walk->length) {
		walk->base += VALUE_REST_FROM;
		walk->length -= VALUE_REST_FROM;
		walk->size -= VALUE_REST_FROM;
	} else {
		walk->skip += VALUE_REST_FROM;
	}
}

/* Adds the rest of value `i`, which was cut, at `used` of the tail. Returns where the tail ends then. */
static __noinline long wide_add(struct hook_scratch *scratch, struct wide_scratch *wide, __u32 i, __u64 used)
{
	struct wide_context context = { .scratch = scratch, .wide = wide };
	struct segment_walk *walk = &scratch->segments;
	struct hook_value *header;
	struct value_rest *rest;
	__u64 word, offset;

	if (!wide || i >= HOOK_VALUES_MAX || used > WIDE_DATA_MAX - 64)
		return used;
	word = scratch->word[i];
	if (!value_follow(i, &word) || !segments_open(scratch, i, word))
		return used;
	wide_skip(walk);
	context.start = used + sizeof(*header) + sizeof(*rest);
	walk->room = WIDE_DATA_MAX - 8 - context.start;
	if (walk->room > HOOK_WIDE_MAX - VALUE_REST_FROM)
		walk->room = HOOK_WIDE_MAX - VALUE_REST_FROM;
	bpf_loop(2 * SEGMENTS_MAX, wide_step, &context, 0);

	offset = scratch->value[i].offset - sizeof(*header);
	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 8));
	header = (struct hook_value *)&wide->tail[offset];
	if (walk->failed)
		header->flags |= VALUE_UNREADABLE;
	else if (VALUE_REST_FROM + walk->done >= scratch->value[i].size)
		header->flags &= ~VALUE_TRUNCATED;
	header = (struct hook_value *)&wide->tail[used];
	header->entry = VALUE_REST;
	header->flags = 0;
	header->length = sizeof(*rest) + walk->done;
	rest = (struct value_rest *)(header + 1);
	rest->entry = i;
	rest->reserved = 0;
	wide->event.values++;
	return context.start + ((walk->done + 7) & ~7ull);
}

/* Sends the record with the rests of its buffers. False when this run has no place for it. */
static __noinline bool wide_send(struct hook_scratch *scratch, enum event_lane lane)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct wide_scratch *wide = bpf_map_lookup_elem(&hook_wide, &cpu);
	__u64 used = scratch->used, size = sizeof(struct hook_event) + used;
	bool is_cut = false;

	if (!wide || scratch->slot || size > sizeof(struct hook_event) + HOOK_DATA_MAX)
		return false;
	if (bpf_probe_read_kernel(wide, size, &scratch->event))
		return false;
	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		if (i >= config.values)
			break;
		if (!(config.value[i].flags & CONFIG_WIDE) || scratch->value[i].flags != VALUE_TRUNCATED)
			continue;
		used = wide_add(scratch, wide, i, used);
		is_cut = true;
	}
	size = sizeof(struct hook_event) + used;
	asm volatile("" : "+r"(size));
	if (!is_cut || size > sizeof(struct hook_event) + WIDE_DATA_MAX)
		return false;
	event_emit(&wide->event, size, EVENT_HOOK, lane, bpf_ktime_get_boot_ns());
	return true;
}

#endif
