/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The agent's maps and programs: whatever it makes or gets a descriptor of is its own until the kernel frees it. An object is known by
 * its id while it is used; when it is freed it has none any more, so its address is kept as well.
 */
#ifndef MERLON_PROTECT_OBJECTS_H
#define MERLON_PROTECT_OBJECTS_H

#include "protect_identity.h"

/* A set. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PROTECT_OBJECTS_MAX);
	__type(key, struct protect_object);
	__type(value, __u8);
} protect_objects SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, PROTECT_OBJECTS_MAX);
	__type(key, __u64);
	__type(value, struct protect_object);
} protect_addresses SEC(".maps");

static __always_inline bool object_is_protected(__u32 kind, __u32 id)
{
	struct protect_object object = { .kind = kind, .id = id };

	return bpf_map_lookup_elem(&protect_objects, &object) != NULL;
}

/* Also one that the agent is making now and has no descriptor of yet. */
static __always_inline bool address_is_protected(__u64 address)
{
	return bpf_map_lookup_elem(&protect_addresses, &address) != NULL;
}

/* What the current process makes, before it has an id by which others could ask for it. */
static __always_inline void object_announce(__u32 kind, __u64 address)
{
	struct protect_object object = { .kind = kind };
	struct protect_state *state = state_find();

	if (state && current_is_agent(state) && bpf_map_update_elem(&protect_addresses, &address, &object, BPF_ANY))
		__sync_fetch_and_add(&state->unrecorded, 1);
}

static __always_inline void object_record(struct protect_state *state, __u32 kind, __u32 id, __u64 address)
{
	struct protect_object object = { .kind = kind, .id = id };
	__u8 member = 1;

	if (bpf_map_update_elem(&protect_addresses, &address, &object, BPF_ANY) ||
	    bpf_map_update_elem(&protect_objects, &object, &member, BPF_ANY))
		__sync_fetch_and_add(&state->unrecorded, 1);
}

static __always_inline void object_forget(__u64 address)
{
	struct protect_object *found = bpf_map_lookup_elem(&protect_addresses, &address);
	struct protect_object object;

	if (!found)
		return;
	object = *found;
	bpf_map_delete_elem(&protect_objects, &object);
	bpf_map_delete_elem(&protect_addresses, &address);
}

struct used_maps {
	struct protect_state *state;
	struct bpf_map **maps;
	__u32 count;
};

static long used_map_record(__u32 index, struct used_maps *used)
{
	struct bpf_map *map = NULL;

	if (index >= used->count)
		return 1;
	bpf_probe_read_kernel(&map, sizeof(map), used->maps + index);
	object_record(used->state, PROTECT_OBJECT_MAP, BPF_CORE_READ(map, id), (__u64)map);
	return 0;
}

/* A program of the agent's, with the maps that it uses. */
static __always_inline void program_record(struct protect_state *state, struct bpf_prog *program)
{
	struct bpf_prog_aux *aux = BPF_CORE_READ(program, aux);
	struct used_maps used = {
		.state = state,
		.maps = BPF_CORE_READ(aux, used_maps),
		.count = BPF_CORE_READ(aux, used_map_cnt),
	};

	object_record(state, PROTECT_OBJECT_PROGRAM, BPF_CORE_READ(aux, id), (__u64)aux);
	/* MAX_USED_MAPS of include/linux/bpf.h */
	bpf_loop(64, used_map_record, &used, 0);
}

#endif
