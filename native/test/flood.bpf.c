// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Fills ring buffers as fast as BPF_PROG_TEST_RUN repeats a program. Record n of a lane holds n as u64, then bytes that
 * all are the low byte of n; its length follows from n (record_length in ring-reader.test.ts computes the same).
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual BSD/GPL";

#define LENGTH_MAX 8192

const volatile __u32 length_spread = 200; /* a record has 8 + 13 * n % length_spread bytes */
const volatile __u32 discard_every = 7;   /* each so many-th record is given up; 0: none */
const volatile __u32 big_every = 0;       /* each so many-th record has LENGTH_MAX bytes; 0: none */

struct lane_state {
	__u64 next; /* number of the next record */
	__u64 lost; /* found no room */
	__u64 discarded;
	__u64 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct lane_state);
} lanes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u8[LENGTH_MAX]);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} first SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} second SEC(".maps");

static __always_inline int flood(void *ring, __u32 lane)
{
	struct lane_state *state = bpf_map_lookup_elem(&lanes, &lane);
	__u8 *bytes = bpf_map_lookup_elem(&scratch, &lane);
	if (!state || !bytes)
		return -1;
	__u64 number = state->next++;

	if (discard_every && number % discard_every == 0) {
		__u64 *record = bpf_ringbuf_reserve(ring, 24, 0);
		if (record) {
			*record = number;
			bpf_ringbuf_discard(record, 0);
		}
		state->discarded++;
		return -1;
	}
	__u32 length = 8 + number * 13 % length_spread;
	if (big_every && number % big_every == 0)
		length = LENGTH_MAX;
	if (length > LENGTH_MAX)
		length = LENGTH_MAX;
	for (__u32 i = 8; i < 8 + 256; i++)
		bytes[i] = (__u8)number;
	*(__u64 *)bytes = number;
	if (bpf_ringbuf_output(ring, bytes, length, 0))
		state->lost++;
	return -1;
}

SEC("tc")
int flood_first(void *ctx)
{
	return flood(&first, 0);
}

SEC("tc")
int flood_second(void *ctx)
{
	return flood(&second, 1);
}
