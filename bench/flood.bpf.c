// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * The flood of the benchmark `pipeline`: one EVENT_TRACEPOINT record for each call of one system call by one process,
 * through the agent's own telemetry ring and lane counters, so that sequence numbers and loss are the real ones.
 *
 *   flood  sys_enter: args[0] counts the records from 1, args[1] is the number of the system call.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "events.h"
#include "lib/kernel_types.h"
#include "lib/emit.h"
#include "lib/task.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Whose calls, and which one. The benchmark sets both before load; 0 is no process. */
const volatile __u32 flood_tgid = 0;
const volatile __u32 flood_syscall = 0;

/* Only the one thread of flood_tgid counts. */
__u64 flood_count;

SEC("tp_btf/sys_enter")
int BPF_PROG(flood, struct pt_regs *regs, long syscall)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct tracepoint_event event = {};
	struct task_struct *task;

	if (id >> 32 != flood_tgid || syscall != flood_syscall)
		return 0;
	task = bpf_get_current_task_btf();
	task_read_key(&event.process, task->group_leader);
	event.tid = id;
	event.args[0] = ++flood_count;
	event.args[1] = syscall;
	event_emit(&event, sizeof(event), EVENT_TRACEPOINT, LANE_TELEMETRY, bpf_ktime_get_boot_ns());
	return 0;
}
