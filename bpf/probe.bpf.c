// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * What src/kernel/capabilities.ts tries one by one: the smallest program of each kind, and a map of each type.
 *
 * Guarantee: nothing here denies, changes or reports anything. A program that is attached passes everything on, stays for
 * a moment, and sits where next to nothing passes: a tracepoint of kernel threads being stopped, functions of the kernel's
 * own tests, quota calls, setting the clock, sethostname(2), an empty cgroup, loopback in a network namespace of its own. A program whose
 * helper would do something is loaded only, never attached.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#define PASS_XDP 2    /* XDP_PASS */
#define PASS_TCX (-1) /* TCX_NEXT, also NETKIT_NEXT: the next program decides */
#define ALLOW 1       /* of cgroup programs and lsm_cgroup */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* ---- maps ---- */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096 * 16); /* a multiple of the page size of every architecture */
} probe_ringbuf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} probe_task_storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1);
	__uint(key_size, 8);
	__uint(value_size, 8);
} probe_lpm_trie SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 4);
} probe_prog_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} probe_mmapable SEC(".maps");

/* ---- tracing ---- */

SEC("tp_btf/sched_kthread_stop")
int probe_tp_btf(void *ctx)
{
	return 0;
}

SEC("raw_tp")
int probe_raw_tp(void *ctx)
{
	return 0;
}

SEC("tracepoint")
int probe_tracepoint(void *ctx)
{
	return 0;
}

SEC("kprobe")
int probe_kprobe(void *ctx)
{
	return 0;
}

SEC("kprobe.multi")
int probe_kprobe_multi(void *ctx)
{
	return 0;
}

SEC("uprobe.multi")
int probe_uprobe_multi(void *ctx)
{
	return 0;
}

SEC("fentry/bpf_fentry_test1")
int probe_fentry(void *ctx)
{
	return 0;
}

SEC("fexit/bpf_fentry_test1")
int probe_fexit(void *ctx)
{
	return 0;
}

/* 0: the function runs, with its own result. */
SEC("fmod_ret/security_quotactl")
int probe_fmod_ret(void *ctx)
{
	return 0;
}

SEC("iter/task")
int probe_iter_task(void *ctx)
{
	return 0;
}

/* ---- LSM: the verdict of the programs before is passed on ---- */

SEC("lsm/quotactl")
int BPF_PROG(probe_lsm, int cmds, int type, int id, void *sb, int ret)
{
	return ret;
}

SEC("lsm.s/settime")
int BPF_PROG(probe_lsm_sleepable, void *time, void *zone, int ret)
{
	return ret;
}

SEC("lsm_cgroup/socket_bind")
int probe_lsm_cgroup(void *ctx)
{
	return ALLOW;
}

/* ---- network ---- */

SEC("cgroup/connect4")
int probe_connect4(void *ctx)
{
	return ALLOW;
}

SEC("sockops")
int probe_sockops(void *ctx)
{
	return ALLOW;
}

SEC("xdp")
int probe_xdp(void *ctx)
{
	return PASS_XDP;
}

SEC("tc")
int probe_tc(void *ctx)
{
	return PASS_TCX;
}

SEC("tcx/ingress")
int probe_tcx(void *ctx)
{
	return PASS_TCX;
}

SEC("netkit/primary")
int probe_netkit(void *ctx)
{
	return PASS_TCX;
}

/* ---- helpers: loaded, not attached, but for the first two ---- */

/*
 * Whether a return value may be overridden shows only when the program is attached to a function that allows it. No task
 * has these ids, so the helper is never called.
 */
SEC("kprobe")
int probe_use_override_return(struct pt_regs *ctx)
{
	if (bpf_get_current_pid_tgid() == ~0ULL)
		bpf_override_return(ctx, 0);
	return 0;
}

/*
 * Whether registers of a program of user space may be changed shows when the program is attached as a uprobe. No task has these
 * ids. On x86_64 the word is that of ax.
 */
SEC("uprobe")
int probe_use_write_registers(struct pt_regs *ctx)
{
	__u64 value = 0;

	if (bpf_get_current_pid_tgid() == ~0ULL)
		asm volatile("*(u64 *)(%0 + 80) = %1" : : "r"(ctx), "r"(value) : "memory");
	return 0;
}

/* Lockdown takes it away. The kernel logs each load. */
SEC("uprobe")
int probe_use_write_user(struct pt_regs *ctx)
{
	__u32 value = 0;

	if (bpf_get_current_pid_tgid() == ~0ULL)
		bpf_probe_write_user(NULL, &value, sizeof(value));
	return 0;
}

static long loop_step(__u32 index, void *context)
{
	return 1;
}

SEC("raw_tp")
int probe_use_loop(void *ctx)
{
	bpf_loop(1, loop_step, NULL, 0);
	return 0;
}

/* Lockdown at the level of confidentiality takes it away. */
SEC("raw_tp")
int probe_use_probe_read_kernel(void *ctx)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), ctx);
	return 0;
}

SEC("raw_tp")
int probe_use_send_signal(void *ctx)
{
	bpf_send_signal(9);
	return 0;
}
