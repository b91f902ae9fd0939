/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* What dimensions look at: numbers of values, of the process and of what it has changed. */
#ifndef MERLON_DIMENSION_INPUT_H
#define MERLON_DIMENSION_INPUT_H

#include "dimension.h"
#include "hook_values.h"
#include "state.h"
#include "task.h"

static __always_inline __u32 namespace_of(struct task_struct *task, __u32 kind)
{
	struct process_namespaces namespaces;

	task_read_namespaces(&namespaces, task);
	switch (kind) {
	case 0:
		return namespaces.uts;
	case 1:
		return namespaces.ipc;
	case 2:
		return namespaces.mnt;
	case 3:
		return namespaces.pid;
	case 4:
		return namespaces.pid_for_children;
	case 5:
		return namespaces.net;
	case 6:
		return namespaces.time;
	case 7:
		return namespaces.time_for_children;
	case 8:
		return namespaces.cgroup;
	default:
		return namespaces.user;
	}
}

/* The socket of value `entry`, in the record; NULL when it could not be read. */
static __always_inline struct value_sock *value_sock_of(struct hook_scratch *scratch, __u32 entry)
{
	__u32 offset;

	value_load(scratch, entry);
	if (scratch->value[entry].flags)
		return NULL;
	offset = scratch->value[entry].offset;
	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
	return (struct value_sock *)&scratch->tail[offset];
}

/* What has changed since the last execve: namespaces as bits, or capabilities. */
static __noinline long input_changes(struct hook_scratch *scratch, __u32 d)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process_state *state = process_state_find(task->group_leader);
	struct process_namespaces now;
	__u64 capabilities = 0;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	if (!state || !state->namespaces.mnt) {
		scratch->input_error = VALUE_UNREADABLE;
		return 0;
	}
	switch (config.dimension[d].input) {
	case INPUT_NAMESPACE_CHANGES:
		task_read_namespaces(&now, task);
		scratch->number = (now.uts != state->namespaces.uts) | (now.ipc != state->namespaces.ipc) << 1 |
				  (now.mnt != state->namespaces.mnt) << 2 | (now.pid != state->namespaces.pid) << 3 |
				  (now.pid_for_children != state->namespaces.pid_for_children) << 4 |
				  (now.net != state->namespaces.net) << 5 | (now.time != state->namespaces.time) << 6 |
				  (now.time_for_children != state->namespaces.time_for_children) << 7 |
				  (now.cgroup != state->namespaces.cgroup) << 8 |
				  (now.user != state->namespaces.user) << 9;
		break;
	case INPUT_CAP_EFFECTIVE_CHANGES:
		bpf_core_read(&capabilities, 8, &task->cred->cap_effective);
		scratch->number = capabilities ^ state->cap_effective;
		break;
	case INPUT_CAP_INHERITABLE_CHANGES:
		bpf_core_read(&capabilities, 8, &task->cred->cap_inheritable);
		scratch->number = capabilities ^ state->cap_inheritable;
		break;
	default:
		bpf_core_read(&capabilities, 8, &task->cred->cap_permitted);
		scratch->number = capabilities ^ state->cap_permitted;
		break;
	}
	return 0;
}

/* A dimension's number into scratch->number; sets input_error when it cannot be read. */
static __noinline long input_number(struct hook_scratch *scratch, __u32 d)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 entry, other;
	struct value_sock *sock;
	struct value_sockaddr *address;
	__u64 capabilities = 0;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	entry = config.dimension[d].entry;
	other = config.dimension[d].other;
	if (entry >= HOOK_VALUES_MAX || other >= HOOK_VALUES_MAX)
		return 0;
	switch (config.dimension[d].input) {
	case INPUT_VALUE:
	case INPUT_FILE_TYPE:
		value_load(scratch, entry);
		scratch->number = scratch->value[entry].number;
		scratch->input_error = scratch->value[entry].flags & (VALUE_UNREADABLE | VALUE_MISSING);
		break;
	case INPUT_PID:
		scratch->number = task->tgid;
		break;
	case INPUT_NAMESPACE_PID:
		scratch->number = task_pid_in_namespace(task->group_leader);
		break;
	case INPUT_NAMESPACE:
		scratch->number = namespace_of(task, entry);
		break;
	case INPUT_CAP_EFFECTIVE:
		bpf_core_read(&capabilities, 8, &task->cred->cap_effective);
		scratch->number = capabilities;
		break;
	case INPUT_CAP_INHERITABLE:
		bpf_core_read(&capabilities, 8, &task->cred->cap_inheritable);
		scratch->number = capabilities;
		break;
	case INPUT_CAP_PERMITTED:
		bpf_core_read(&capabilities, 8, &task->cred->cap_permitted);
		scratch->number = capabilities;
		break;
	case INPUT_CAPS_GAINED:
		value_load(scratch, entry);
		value_load(scratch, other);
		scratch->number = scratch->value[entry].number & ~scratch->value[other].number;
		scratch->input_error = (scratch->value[entry].flags | scratch->value[other].flags) & VALUE_UNREADABLE;
		break;
	default:
		sock = value_sock_of(scratch, entry);
		if (!sock) {
			scratch->input_error = scratch->value[entry].flags;
			break;
		}
		if (config.value[entry].reader == READ_SOCKADDR_UN) {
			scratch->number = *(__u16 *)sock;
			break;
		}
		if (config.value[entry].reader == READ_SOCKADDR) {
			address = (struct value_sockaddr *)sock;
			scratch->number = config.dimension[d].input == INPUT_FAMILY ? address->family : address->port;
			break;
		}
		switch (config.dimension[d].input) {
		case INPUT_SOURCE_PORT:
			scratch->number = sock->source_port;
			break;
		case INPUT_DESTINATION_PORT:
			scratch->number = sock->destination_port;
			break;
		case INPUT_PROTOCOL:
			scratch->number = sock->protocol;
			break;
		case INPUT_FAMILY:
			scratch->number = sock->family;
			break;
		default:
			scratch->number = sock->state;
			break;
		}
	}
	return 0;
}

#endif
