// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * As probe.bpf.c, for kernel functions and for helpers that take the kernel's objects. In an object of its own, since
 * libbpf reads the kernel's whole BTF for each load of an object that names a kernel function. Loaded only, never attached.
 * Buffers are filled before the call: 6.1.176 takes one that bpf_d_path() only writes for one that it reads.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "lib/kernel_types.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Weak: on a kernel without one, the program that calls it is refused and the others load. */
extern int bpf_strnstr(const char *string, const char *part, unsigned long length) __weak __ksym;
extern int bpf_strncasestr(const char *string, const char *part, unsigned long length) __weak __ksym;
extern int bpf_path_d_path(struct path *path, char *buffer, unsigned long size) __weak __ksym;

SEC("tp_btf/sched_kthread_stop")
int probe_use_strnstr(void *ctx)
{
	char text[2] = "m";

	bpf_strnstr(text, text, sizeof(text));
	return 0;
}

SEC("tp_btf/sched_kthread_stop")
int probe_use_strncasestr(void *ctx)
{
	char text[2] = "m";

	bpf_strncasestr(text, text, sizeof(text));
	return 0;
}

SEC("lsm/file_open")
int BPF_PROG(probe_use_path_d_path, struct file *file, int ret)
{
	char buffer[64] = {};

	bpf_path_d_path(&file->f_path, buffer, sizeof(buffer));
	return ret;
}

SEC("fentry/security_file_open")
int BPF_PROG(probe_use_d_path, struct file *file)
{
	char buffer[64] = {};

	bpf_d_path(&file->f_path, buffer, sizeof(buffer));
	return 0;
}

SEC("iter.s/task")
int probe_use_copy_from_user_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	__u64 word = 0;

	if (task)
		bpf_copy_from_user_task(&word, sizeof(word), NULL, task, 0);
	return 0;
}
