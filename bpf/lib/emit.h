/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The only way out: event_emit() numbers a record, puts it into its lane's ring and counts it when there is no room.
 *
 * The number is taken before the record is written. Whatever is then lost leaves a hole in its CPU's sequence, which
 * user space turns into a gap record, so no loss is silent. The addition is atomic: on a preemptible kernel, or when one
 * program interrupts another, a plain ++ gives the same number twice.
 */
#ifndef MERLON_EMIT_H
#define MERLON_EMIT_H

#include "../events.h"

/* User space sets the sizes before load: the rings from its settings, `lanes` from the number of possible CPUs. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} lifecycle_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
} telemetry_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, LANE_COUNT);
	__type(key, __u32); /* cpu * LANE_COUNT + lane */
	__type(value, struct lane_counters);
} lanes SEC(".maps");

/*
 * Completes the header of `record` and sends its first `size` bytes. `ktime` is the time of the event (boot time).
 * Returns 0, or the negative error of bpf_ringbuf_output; the loss has then been counted.
 */
static __always_inline long event_emit(void *record, __u64 size, enum event_type type, enum event_lane lane,
				       __u64 ktime)
{
	struct event_header *header = record;
	__u32 cpu = bpf_get_smp_processor_id();
	__u32 index = cpu * LANE_COUNT + lane;
	struct lane_counters *counters = bpf_map_lookup_elem(&lanes, &index);
	long error;

	/* Cannot be: the array has an entry for every possible CPU. */
	if (!counters)
		return -1;

	header->size = size;
	header->cpu = cpu;
	header->type = type;
	header->lane = lane;
	header->ktime = ktime;
	header->seq = __sync_fetch_and_add(&counters->seq, 1) + 1;
	if (lane == LANE_LIFECYCLE)
		error = bpf_ringbuf_output(&lifecycle_ring, record, size, 0);
	else
		error = bpf_ringbuf_output(&telemetry_ring, record, size, 0);
	if (error)
		__sync_fetch_and_add(&counters->lost, 1);
	return error;
}

/* Counts a record that could not even be built: it takes a number, so its loss leaves the same hole. */
static __always_inline void event_lose(enum event_lane lane)
{
	__u32 index = bpf_get_smp_processor_id() * LANE_COUNT + lane;
	struct lane_counters *counters = bpf_map_lookup_elem(&lanes, &index);

	if (!counters)
		return;
	__sync_fetch_and_add(&counters->seq, 1);
	__sync_fetch_and_add(&counters->lost, 1);
}

#endif
