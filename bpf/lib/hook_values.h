/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Loads a hook's values: from the word that the entry point found, along the resolve path, into the record. */
#ifndef MERLON_HOOK_VALUES_H
#define MERLON_HOOK_VALUES_H

#include "value_bytes.h"
#include "value_objects.h"
#include "value_paths.h"
#include "value_segments.h"
#include "value_tail.h"

/* Follows the resolve path from `word`. Returns false when a pointer on the way could not be read. */
static __always_inline bool value_follow(__u32 i, __u64 *word)
{
	for (__u32 step = 0; step < HOOK_STEPS_MAX; step++) {
		__u32 move;

		if (step >= config.value[i].steps)
			break;
		move = config.value[i].path[step];
		/* Signed: a USDT argument may stand below what a register points to. */
		*word += (__s32)(move << 1) >> 1;
		if (move & STEP_FOLLOW && memory_read(word, sizeof(*word), *word))
			return false;
	}
	return true;
}

static __noinline long value_load(struct hook_scratch *scratch, __u32 i)
{
	__u64 word;

	if (i >= HOOK_VALUES_MAX || scratch->value[i].loaded)
		return 0;
	scratch->value[i].loaded = 1;
	scratch->value[i].flags = 0;
	/* Whatever cannot be read is 0, not what an earlier hit had. */
	scratch->value[i].number = 0;
	word = scratch->word[i];
	if (!value_follow(i, &word)) {
		scratch->value[i].flags = VALUE_UNREADABLE;
		if (config.value[i].reader != READ_NUMBER)
			value_fail(scratch, i, VALUE_UNREADABLE);
		return 0;
	}
	switch (config.value[i].reader) {
	case READ_NUMBER:
	case READ_CAPABILITIES:
		value_load_number(scratch, i, word);
		break;
	case READ_STRING:
		value_load_string(scratch, i, word);
		break;
	case READ_FILENAME:
		value_load_string(scratch, i, (__u64)BPF_CORE_READ((struct filename *)word, name));
		break;
	case READ_NET_DEVICE:
		value_load_string(scratch, i, word + bpf_core_field_offset(struct net_device, name));
		break;
	case READ_DATA_LOC:
		value_load_string(scratch, i, scratch->context + (word & 0xffff));
		break;
	case READ_BYTES:
		value_load_bytes(scratch, i, word);
		break;
	case READ_IOVEC:
	case READ_IOV_ITER:
		value_load_segments(scratch, i, word);
		break;
	case READ_SOCKADDR_UN:
		value_load_sockaddr_un(scratch, i, word);
		break;
	case READ_FILE:
	case READ_PATH:
	case READ_DENTRY:
	case READ_FD:
	case READ_KIOCB:
	case READ_BINPRM:
		value_load_path(scratch, i, word);
		break;
	case READ_NONE:
		break;
	default:
		value_load_object(scratch, i, word);
		break;
	}
	return 0;
}

static __always_inline bool value_is_buffer(__u32 i)
{
	return config.value[i].reader == READ_BYTES || config.value[i].reader == READ_IOVEC ||
	       config.value[i].reader == READ_IOV_ITER;
}

/* Tells of each buffer that was cut how many bytes it had. */
static __noinline long values_add_sizes(struct hook_scratch *scratch)
{
	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		if (i >= config.values)
			break;
		if (value_is_buffer(i) && scratch->value[i].length && scratch->value[i].flags & VALUE_TRUNCATED)
			value_note(scratch, VALUE_SIZE, scratch->value[i].size, i);
	}
	return 0;
}

/* Whether the value's data is its number, which goes into the record when the event is sent. */
static __always_inline bool value_is_number(__u32 i)
{
	return config.value[i].reader == READ_NUMBER || config.value[i].reader == READ_CAPABILITIES;
}

static __always_inline void value_send_number(struct hook_scratch *scratch, __u32 i)
{
	char *room = value_room(scratch);

	if (!room)
		return;
	*(__u64 *)room = scratch->value[i].number;
	value_close(scratch, i, sizeof(__u64), scratch->value[i].flags);
}

#endif
