// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * Tells the namespaces of the host's process 1, which `host_ns` in a policy means.
 *
 * Guarantee: it is the process to which the kernel gives the orphans of the first pid namespace, in whatever namespace the
 * agent runs and whatever hides process 1 from it. The kernel's constants (PROC_UTS_INIT_INO and so on) would not do: older
 * kernels have none for network and mount, and process 1 can have left the first namespaces.
 *
 *   host_read  attached to nothing: user space runs it once (BPF_PROG_TEST_RUN)
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "events.h"
#include "lib/kernel_types.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct process_namespaces);
} host_namespaces SEC(".maps");

SEC("raw_tracepoint")
int host_read(void *context)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	/* numbers[0] is a pid in the first namespace. */
	struct pid_namespace *first = BPF_CORE_READ(task, thread_pid, numbers[0].ns);
	struct task_struct *init = BPF_CORE_READ(first, child_reaper);
	struct nsproxy *nsproxy = BPF_CORE_READ(init, nsproxy);
	struct process_namespaces *out;
	__u32 zero = 0;

	out = bpf_map_lookup_elem(&host_namespaces, &zero);
	if (!out)
		return 0;
	out->uts = BPF_CORE_READ(nsproxy, uts_ns, ns.inum);
	out->ipc = BPF_CORE_READ(nsproxy, ipc_ns, ns.inum);
	out->mnt = BPF_CORE_READ(nsproxy, mnt_ns, ns.inum);
	out->pid = BPF_CORE_READ(first, ns.inum);
	out->pid_for_children = BPF_CORE_READ(nsproxy, pid_ns_for_children, ns.inum);
	out->net = BPF_CORE_READ(nsproxy, net_ns, ns.inum);
	out->time = BPF_CORE_READ(nsproxy, time_ns, ns.inum);
	out->time_for_children = BPF_CORE_READ(nsproxy, time_ns_for_children, ns.inum);
	out->cgroup = BPF_CORE_READ(nsproxy, cgroup_ns, ns.inum);
	out->user = BPF_CORE_READ(init, cred, user_ns, ns.inum);
	return 0;
}
