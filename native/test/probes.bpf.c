// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * What attaches to functions: kprobes, trampolines, LSM, USDT and a replaced function. Every program counts itself in
 * `hits`, by the place that SLOT names, when this process calls; none changes what happens.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <stdbool.h>

#include <bpf/usdt.bpf.h>

char _license[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 only_tgid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static __always_inline int hit(__u32 slot, __u64 count)
{
	__u64 *value = bpf_map_lookup_elem(&hits, &slot);
	if (value && bpf_get_current_pid_tgid() >> 32 == only_tgid)
		__sync_fetch_and_add(value, count);
	return 0;
}

SEC("kprobe")
int on_kprobe(void *ctx)
{
	hit(1, bpf_get_attach_cookie(ctx));
	return hit(0, 1);
}

SEC("kprobe.multi")
int on_kprobe_multi(void *ctx)
{
	hit(1, bpf_get_attach_cookie(ctx));
	return hit(0, 1);
}

/* The test sets the target. */
SEC("fentry")
int on_fentry(void *ctx)
{
	return hit(0, 1);
}

SEC("fexit")
int on_fexit(void *ctx)
{
	return hit(0, 1);
}

SEC("lsm/file_open")
int BPF_PROG(on_lsm, void *file, int result)
{
	hit(0, 1);
	return result;
}

SEC("usdt")
int on_usdt(struct pt_regs *ctx)
{
	__u32 slot = 0;
	__u64 *value = bpf_map_lookup_elem(&hits, &slot);
	if (value)
		__sync_fetch_and_add(value, 1); /* in whichever process: only the test's program has the probe */
	return 0;
}

__attribute__((noinline)) int replaceable(int value)
{
	barrier_var(value);
	return value + 1;
}

SEC("tc")
int calls_replaceable(struct __sk_buff *ctx)
{
	return replaceable(ctx->len);
}
