/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* The kernel types that the test programs touch, with only the members they use. */
#ifndef MERLON_TEST_KERNEL_H
#define MERLON_TEST_KERNEL_H

#include <linux/bpf.h>
#include <linux/ptrace.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
