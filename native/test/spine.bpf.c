// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The test object for what the host attaches: one program of each kind, all counting into `hits`, and maps of the usual types.
 */
#include "kernel.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "Dual BSD/GPL";

const volatile __u64 syscall_nr = 110; /* getppid on x86_64; the test sets it */
const volatile __u32 only_tgid = 0;    /* 0: every process */
__u64 data_counter = 7;

enum slot { SLOT_TP_BTF, SLOT_RAW_TP, SLOT_TP, SLOT_UPROBE, SLOT_PERF, SLOT_COOKIE, SLOT_CGROUP, SLOT_COUNT = 8 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOT_COUNT);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} per_cpu SEC(".maps");

static __always_inline void hit(__u32 slot, __u64 count)
{
	__u64 *value = bpf_map_lookup_elem(&hits, &slot);
	if (value)
		__sync_fetch_and_add(value, count);
}

static __always_inline int ours(void)
{
	return !only_tgid || bpf_get_current_pid_tgid() >> 32 == only_tgid;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_tp_btf, struct pt_regs *regs, long id)
{
	if ((__u64)id == syscall_nr && ours())
		hit(SLOT_TP_BTF, 1);
	return 0;
}

SEC("raw_tp/sys_enter")
int on_raw_tp(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[1] == syscall_nr && ours())
		hit(SLOT_RAW_TP, 1);
	return 0;
}

SEC("tp/syscalls/sys_enter_getppid")
int on_tp(void *ctx)
{
	if (!ours())
		return 0;
	hit(SLOT_TP, 1);
	hit(SLOT_COOKIE, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("uprobe")
int on_uprobe(void *ctx)
{
	hit(SLOT_UPROBE, 1);
	return 0;
}

SEC("uprobe.multi")
int on_uprobe_multi(void *ctx)
{
	hit(SLOT_UPROBE, 1);
	hit(SLOT_COOKIE, bpf_get_attach_cookie(ctx));
	return 0;
}

SEC("perf_event")
int on_perf(void *ctx)
{
	hit(SLOT_PERF, 1);
	return 0;
}

SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	if (task)
		BPF_SEQ_PRINTF(ctx->meta->seq, "%d %s\n", task->tgid, task->comm);
	return 0;
}

SEC("cgroup_skb/egress")
int on_cgroup(void *ctx)
{
	hit(SLOT_CGROUP, 1);
	return 1;
}

SEC("sk_lookup")
int on_lookup(void *ctx)
{
	return 1; /* SK_PASS */
}

SEC("xdp")
int on_xdp(void *ctx)
{
	return 2; /* XDP_PASS */
}

SEC("tc")
int on_tc(void *ctx)
{
	return -1; /* TCX_NEXT */
}
