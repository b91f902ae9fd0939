// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Programs that no kernel loads, each for another reason. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} cells SEC(".maps");

/* The value is not checked for NULL: "R0 invalid mem access 'map_value_or_null'". */
SEC("tc")
int no_check(void *ctx)
{
	__u32 key = 0;
	__u64 *value = bpf_map_lookup_elem(&cells, &key);
	return *value == 1;
}

/* No kernel has this tracepoint. */
SEC("tp_btf/merlon_has_no_such_tracepoint")
int no_target(void *ctx)
{
	return 0;
}

SEC("tc")
int fine(void *ctx)
{
	return -1;
}
