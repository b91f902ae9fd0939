/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Classification: for each dimension the mask of the rules that its input satisfies, ANDed. The cost follows the number of
 * dimensions, whatever the number of rules and values behind them.
 */
#ifndef MERLON_HOOK_MATCH_H
#define MERLON_HOOK_MATCH_H

#include "binary.h"
#include "follow.h"
#include "hook_values.h"
#include "state.h"
#include "string_key.h"
#include "task.h"

/*
 * One map per dimension; user space sets its type, sizes and flags before load and does not create the unused ones. Values
 * are masks of `words` words, but for ranges (the interval's beginning first) and moves of an automaton (__u32).
 */
#define DIMENSION_MAP(n)                                                                                               \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_HASH);                                                                       \
		__uint(max_entries, 1);                                                                                \
		__uint(key_size, 8);                                                                                   \
		__uint(value_size, 8);                                                                                 \
	} dimension_##n SEC(".maps");                                                                                  \
	/* masks by state of an automaton */                                                                           \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                                      \
		__uint(max_entries, 1);                                                                                \
		__uint(key_size, 4);                                                                                   \
		__uint(value_size, 8);                                                                                 \
	} output_##n SEC(".maps")

DIMENSION_MAP(0);
DIMENSION_MAP(1);
DIMENSION_MAP(2);
DIMENSION_MAP(3);
DIMENSION_MAP(4);
DIMENSION_MAP(5);
DIMENSION_MAP(6);
DIMENSION_MAP(7);
DIMENSION_MAP(8);
DIMENSION_MAP(9);
DIMENSION_MAP(10);
DIMENSION_MAP(11);
DIMENSION_MAP(12);
DIMENSION_MAP(13);
DIMENSION_MAP(14);
DIMENSION_MAP(15);

#define EACH_DIMENSION(macro)                                                                                          \
	macro(0) macro(1) macro(2) macro(3) macro(4) macro(5) macro(6) macro(7) macro(8) macro(9) macro(10) macro(11)  \
		macro(12) macro(13) macro(14) macro(15)

static __always_inline __u64 *dimension_find(__u32 dimension, const void *key)
{
#define FIND(n)                                                                                                        \
	case n:                                                                                                        \
		return bpf_map_lookup_elem(&dimension_##n, key);
	switch (dimension) {
		EACH_DIMENSION(FIND)
	}
#undef FIND
	return NULL;
}

static __always_inline __u64 *output_find(__u32 dimension, const void *key)
{
#define FIND(n)                                                                                                        \
	case n:                                                                                                        \
		return bpf_map_lookup_elem(&output_##n, key);
	switch (dimension) {
		EACH_DIMENSION(FIND)
	}
#undef FIND
	return NULL;
}

/* ANDs a mask, or what the dimension says of inputs that its map does not hold. */
static __always_inline void mask_and(struct hook_scratch *scratch, __u32 d, const __u64 *found)
{
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->mask[w] &= found ? found[w] : config.dimension[d].miss[w];
	}
}

static __always_inline void mask_and_error(struct hook_scratch *scratch, __u32 d)
{
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->mask[w] &= config.dimension[d].on_error[w];
	}
}

/* What a value that is not whole says: one that is not there is in no set; one that could not be read is the policy's choice. */
static __always_inline void mask_and_flags(struct hook_scratch *scratch, __u32 d, __u16 flags)
{
	if (flags & VALUE_MISSING)
		mask_and(scratch, d, NULL);
	else
		mask_and_error(scratch, d);
}

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
		scratch->number = task_pid_innermost(task->group_leader).nr;
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

/* The interval that holds the number: the last entry whose beginning is not above it. */
static __noinline long match_range(struct hook_scratch *scratch, __u32 d)
{
	__u64 number = scratch->number + config.dimension[d & (HOOK_DIMENSIONS_MAX - 1)].bias;
	__u32 low = 0, high;
	__u64 *entry;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	high = config.dimension[d].count;
	for (int i = 0; i < 24; i++) {
		__u32 middle = (low + high) / 2;

		if (high - low <= 1)
			break;
		entry = dimension_find(d, &middle);
		if (!entry)
			break;
		if (entry[0] <= number)
			low = middle;
		else
			high = middle;
	}
	entry = dimension_find(d, &low);
	if (!entry || entry[0] > number)
		mask_and(scratch, d, NULL);
	else
		mask_and(scratch, d, entry + 1);
	return 0;
}

/* A rule matches when one of the number's bits is among its own; with the flag, when none is. */
static __noinline long match_bits(struct hook_scratch *scratch, __u32 d)
{
	struct followed *followed = NULL;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	if (config.dimension[d].input == INPUT_FOLLOWED)
		followed = followed_find(bpf_get_current_task_btf()->group_leader);
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->found[w] = 0;
	}
	for (__u32 nibble = 0; nibble < 16 * HOOK_WORDS_MAX; nibble++) {
		__u64 word = scratch->number;
		__u64 *entry;
		__u32 key;

		if (nibble >= config.dimension[d].count)
			break;
		if (config.dimension[d].input == INPUT_FOLLOWED)
			word = followed ? followed->words[nibble / 16] : 0;
		key = nibble * 16 + (word >> nibble % 16 * 4 & 15);
		entry = dimension_find(d, &key);
		if (!entry)
			continue;
		for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
			if (w >= config.words)
				break;
			scratch->found[w] |= entry[w];
		}
	}
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		if (config.dimension[d].flag)
			scratch->found[w] = ~scratch->found[w];
		scratch->mask[w] &= scratch->found[w] | config.dimension[d].miss[w];
	}
	return 0;
}

/* Where the string of value `entry` stands in the tail, and its length. */
static __always_inline const char *value_string(struct hook_scratch *scratch, __u32 entry, __u32 *length)
{
	__u32 offset = scratch->value[entry].offset + scratch->value[entry].path_start;

	*length = scratch->value[entry].length - scratch->value[entry].path_start;
	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
	return &scratch->tail[offset];
}

static __noinline long match_string(struct hook_scratch *scratch, __u32 d)
{
	struct process_state *state;
	__u64 secret[2] = { config.secret[0], config.secret[1] };
	__u32 entry, length;
	const char *bytes;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	entry = config.dimension[d].entry;
	if (config.dimension[d].input == INPUT_VALUE) {
		if (entry >= HOOK_VALUES_MAX)
			return 0;
		value_load(scratch, entry);
		if (scratch->value[entry].flags) {
			mask_and_flags(scratch, d, scratch->value[entry].flags);
			return 0;
		}
		bytes = value_string(scratch, entry, &length);
		if (length > HOOK_STRING_MAX)
			length = HOOK_STRING_MAX;
		string_key_make(&scratch->string, secret, bytes, length);
	} else {
		state = process_state_find(bpf_get_current_task_btf()->group_leader);
		if (!state) {
			mask_and_error(scratch, d);
			return 0;
		}
		scratch->string = config.dimension[d].input == INPUT_BINARY ? state->binary : state->parent_binary;
		if (!scratch->string.length) {
			mask_and_error(scratch, d);
			return 0;
		}
	}
	mask_and(scratch, d, dimension_find(d, &scratch->string));
	return 0;
}

/* The beginning or the reversed end of a string into scratch->trie. */
static __always_inline void trie_from_value(struct hook_scratch *scratch, __u32 d, __u32 entry)
{
	__u32 length, offset;
	const char *bytes = value_string(scratch, entry, &length);

	if (length > HOOK_STRING_MAX)
		length = HOOK_STRING_MAX;
	if (config.dimension[d].kind == DIMENSION_PREFIX) {
		__builtin_memset(scratch->trie.bytes, 0, HOOK_TRIE_BYTES);
		if (length > HOOK_TRIE_BYTES)
			length = HOOK_TRIE_BYTES;
		bpf_probe_read_kernel(scratch->trie.bytes, length, bytes);
		scratch->trie.prefix_length = length * 8;
		return;
	}
	offset = 0;
	if (length > HOOK_TRIE_BYTES) {
		offset = length - HOOK_TRIE_BYTES;
		length = HOOK_TRIE_BYTES;
	}
	end_reverse((__u64 *)scratch->trie.bytes, &scratch->end, bytes + offset, length);
	scratch->trie.prefix_length = length * 8;
}

static __noinline long match_trie(struct hook_scratch *scratch, __u32 d)
{
	struct process_state *state;
	struct binary_path *path;
	struct string_key *key;
	__u32 entry, length = 0;
	bool cut;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	entry = config.dimension[d].entry;
	if (config.dimension[d].input == INPUT_VALUE) {
		if (entry >= HOOK_VALUES_MAX)
			return 0;
		value_load(scratch, entry);
		/* Of a long path the end is there, of a long string the beginning. */
		cut = config.dimension[d].kind ==
		      (scratch->value[entry].path_start ? DIMENSION_PREFIX : DIMENSION_POSTFIX);
		if (scratch->value[entry].flags & ~VALUE_TRUNCATED || (scratch->value[entry].flags && cut)) {
			mask_and_flags(scratch, d, scratch->value[entry].flags);
			return 0;
		}
		trie_from_value(scratch, d, entry);
	} else {
		state = process_state_find(bpf_get_current_task_btf()->group_leader);
		path = NULL;
		if (state) {
			key = config.dimension[d].input == INPUT_BINARY ? &state->binary : &state->parent_binary;
			path = bpf_map_lookup_elem(&binary_paths, key);
			length = key->length > HOOK_TRIE_BYTES ? HOOK_TRIE_BYTES : key->length;
		}
		if (!path) {
			mask_and_error(scratch, d);
			return 0;
		}
		scratch->trie.prefix_length = length * 8;
		if (config.dimension[d].kind == DIMENSION_PREFIX)
			__builtin_memcpy(scratch->trie.bytes, path->beginning, HOOK_TRIE_BYTES);
		else
			__builtin_memcpy(scratch->trie.bytes, path->end, HOOK_TRIE_BYTES);
	}
	/* The trie may be as short as its longest prefix. */
	length = config.dimension[d].count * 8;
	if (scratch->trie.prefix_length > length)
		scratch->trie.prefix_length = length;
	mask_and(scratch, d, dimension_find(d, &scratch->trie));
	return 0;
}

static __noinline long match_address(struct hook_scratch *scratch, __u32 d)
{
	struct address_key *key = &scratch->address;
	struct value_sock *sock;
	__u32 entry;
	__u16 family;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	entry = config.dimension[d].entry;
	if (entry >= HOOK_VALUES_MAX)
		return 0;
	sock = value_sock_of(scratch, entry);
	if (!sock) {
		mask_and_flags(scratch, d, scratch->value[entry].flags);
		return 0;
	}
	__builtin_memset(key, 0, sizeof(*key));
	if (config.value[entry].reader == READ_SOCKADDR) {
		family = ((struct value_sockaddr *)sock)->family;
		__builtin_memcpy(key->address, ((struct value_sockaddr *)sock)->address, 16);
	} else {
		family = sock->family;
		if (config.dimension[d].input == INPUT_SOURCE_ADDRESS)
			__builtin_memcpy(key->address, sock->source_address, 16);
		else
			__builtin_memcpy(key->address, sock->destination_address, 16);
	}
	key->family = family == AF_INET ? 4 : family == AF_INET6 ? 6 : 0;
	key->prefix_length = key->family == 4 ? 8 + 32 : 8 + 128;
	mask_and(scratch, d, key->family ? dimension_find(d, key) : NULL);
	return 0;
}

/* Classes of bytes of the hook's automatons: [0] as they are, [1] with letters folded. */
const volatile __u8 automaton_class[2][256];

struct automaton_walk {
	struct hook_scratch *scratch;
	__u32 dimension;
	__u32 offset;
	__u32 state;
	__u32 classes;
	__u32 folded;
};

static __always_inline long automaton_move(struct automaton_walk *walk, __u32 index, __u32 d)
{
	__u32 offset = walk->offset + index;
	__u32 key;
	__u32 *move;
	__u64 *output;

	asm volatile("%0 &= %1" : "+r"(offset) : "i"(HOOK_DATA_MAX - 1));
	key = walk->state * walk->classes + automaton_class[walk->folded & 1][(__u8)walk->scratch->tail[offset]];
	move = (__u32 *)dimension_find(d, &key);
	if (!move)
		return 1;
	walk->state = *move & ~MOVE_OUTPUT;
	if (!(*move & MOVE_OUTPUT))
		return 0;
	output = output_find(d, &walk->state);
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (!output || w >= config.words)
			break;
		walk->scratch->found[w] |= output[w];
	}
	return 0;
}

/* One step function per dimension: within a loop's callback the verifier does not know the dimension as a constant. */
#define AUTOMATON_STEP(n)                                                                                              \
	static long automaton_step_##n(__u32 index, struct automaton_walk *walk)                                       \
	{                                                                                                              \
		return automaton_move(walk, index, n);                                                                 \
	}
EACH_DIMENSION(AUTOMATON_STEP)
#undef AUTOMATON_STEP

static __noinline long match_substring(struct hook_scratch *scratch, __u32 d)
{
	struct automaton_walk walk = { .scratch = scratch };
	__u32 entry, length;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	entry = config.dimension[d].entry;
	if (entry >= HOOK_VALUES_MAX)
		return 0;
	value_load(scratch, entry);
	if (scratch->value[entry].flags & ~VALUE_TRUNCATED) {
		mask_and_flags(scratch, d, scratch->value[entry].flags);
		return 0;
	}
	walk.offset = scratch->value[entry].offset + scratch->value[entry].path_start;
	length = scratch->value[entry].length - scratch->value[entry].path_start;
	walk.classes = config.dimension[d].count;
	walk.folded = config.dimension[d].flag;
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->found[w] = config.dimension[d].miss[w];
	}
#define WALK(n)                                                                                                        \
	case n:                                                                                                        \
		bpf_loop(length, automaton_step_##n, &walk, 0);                                                        \
		break;
	switch (d) {
		EACH_DIMENSION(WALK)
	}
#undef WALK
	/* What was not found may stand in the part that was cut. */
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words || !(scratch->value[entry].flags & VALUE_TRUNCATED))
			break;
		scratch->found[w] |= config.dimension[d].on_error[w];
	}
	mask_and(scratch, d, scratch->found);
	return 0;
}

static __always_inline bool mask_is_empty(struct hook_scratch *scratch)
{
	__u64 any = 0;

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		any |= scratch->mask[w];
	}
	return !any;
}

/* Leaves in scratch->mask the rules that match. Returns false when there is none. */
static __always_inline bool hook_match(struct hook_scratch *scratch)
{
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->mask[w] = config.rules.all[w];
	}
	for (__u32 d = 0; d < HOOK_DIMENSIONS_MAX; d++) {
		if (d >= config.dimensions)
			break;
		scratch->input_error = 0;
		switch (config.dimension[d].kind) {
		case DIMENSION_STRING:
			match_string(scratch, d);
			break;
		case DIMENSION_PREFIX:
		case DIMENSION_POSTFIX:
			match_trie(scratch, d);
			break;
		case DIMENSION_SUBSTRING:
			match_substring(scratch, d);
			break;
		case DIMENSION_ADDRESS:
			match_address(scratch, d);
			break;
		default:
			if (config.dimension[d].input == INPUT_FOLLOWED)
				scratch->number = 0;
			else if (config.dimension[d].input >= INPUT_NAMESPACE_CHANGES)
				input_changes(scratch, d);
			else
				input_number(scratch, d);
			if (scratch->input_error)
				mask_and_flags(scratch, d, scratch->input_error);
			else if (config.dimension[d].kind == DIMENSION_NUMBER)
				mask_and(scratch, d, dimension_find(d, &scratch->number));
			else if (config.dimension[d].kind == DIMENSION_RANGE)
				match_range(scratch, d);
			else
				match_bits(scratch, d);
			break;
		}
		if (mask_is_empty(scratch))
			return false;
	}
	return true;
}

/*
 * Keeps of each policy the first rule that matches: the lowest bit of each of its fields, cut for all fields of a
 * word at once (x & -x, with carries that stop at the field's last bit).
 */
static __always_inline void mask_keep_first(struct hook_scratch *scratch)
{
	bool decided = false;

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		__u64 mask, inverse, last;

		if (w >= config.words)
			break;
		mask = scratch->mask[w];
		if (!config.rules.carries[w])
			decided = false;
		if (decided)
			mask = 0;
		last = config.rules.last[w];
		inverse = ~mask;
		mask &= ((inverse & ~last) + config.rules.first[w]) ^ (inverse & last);
		scratch->mask[w] = mask;
		if (mask)
			decided = true;
	}
}

#endif
