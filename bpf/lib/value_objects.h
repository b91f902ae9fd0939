/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Values that are objects of the kernel other than files: sockets, packets, addresses, credentials, BPF, modules. */
#ifndef MERLON_VALUE_OBJECTS_H
#define MERLON_VALUE_OBJECTS_H

#include <bpf/bpf_endian.h>

#include "task.h"
#include "value_tail.h"

#define AF_INET 2
#define AF_INET6 10
#define PROTO_IP 0x0800
#define PROTO_IPV6 0x86dd
#define PROTOCOL_TCP 6
#define PROTOCOL_UDP 17

static __always_inline void value_fill_sock(struct value_sock *value, struct sock *sock)
{
	struct sock_common *common = &sock->__sk_common;

	value->family = BPF_CORE_READ(sock, __sk_common.skc_family);
	value->type = BPF_CORE_READ(sock, sk_type);
	value->protocol = BPF_CORE_READ(sock, sk_protocol);
	value->mark = BPF_CORE_READ(sock, sk_mark);
	value->priority = BPF_CORE_READ(sock, sk_priority);
	value->state = BPF_CORE_READ(sock, __sk_common.skc_state);
	value->source_port = BPF_CORE_READ(sock, __sk_common.skc_num);
	value->destination_port = bpf_ntohs(BPF_CORE_READ(sock, __sk_common.skc_dport));
	value->cookie = (__u64)sock;
	if (value->family == AF_INET6 && bpf_core_field_exists(common->skc_v6_daddr)) {
		BPF_CORE_READ_INTO(&value->source_address, sock, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&value->destination_address, sock, __sk_common.skc_v6_daddr);
	} else if (value->family == AF_INET) {
		BPF_CORE_READ_INTO((__u32 *)value->source_address, sock, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__u32 *)value->destination_address, sock, __sk_common.skc_daddr);
	}
}

/* The packet's own headers decide; what it lacks (a packet that is being built) comes from its socket. */
static __always_inline void value_fill_skb(struct value_sock *value, struct sk_buff *skb)
{
	unsigned char *head = BPF_CORE_READ(skb, head);
	__u16 network = BPF_CORE_READ(skb, network_header);
	__u16 transport = BPF_CORE_READ(skb, transport_header);
	__u16 ethertype = bpf_ntohs(BPF_CORE_READ(skb, protocol));
	struct sock *sock = BPF_CORE_READ(skb, sk);
	__u8 protocol = 0;
	__u16 ports[2] = {};

	if (sock)
		value_fill_sock(value, sock);
	value->length = BPF_CORE_READ(skb, len);
	value->mark = BPF_CORE_READ(skb, mark);
	value->priority = BPF_CORE_READ(skb, priority);
	value->hash = BPF_CORE_READ(skb, hash);
	if (ethertype == PROTO_IP) {
		value->family = AF_INET;
		bpf_probe_read_kernel(&protocol, 1, head + network + 9);
		bpf_probe_read_kernel(value->source_address, 4, head + network + 12);
		bpf_probe_read_kernel(value->destination_address, 4, head + network + 16);
	} else if (ethertype == PROTO_IPV6) {
		value->family = AF_INET6;
		bpf_probe_read_kernel(&protocol, 1, head + network + 6);
		bpf_probe_read_kernel(value->source_address, 16, head + network + 8);
		bpf_probe_read_kernel(value->destination_address, 16, head + network + 24);
	} else {
		return;
	}
	value->protocol = protocol;
	/* 0xffff: not set (skb_transport_header_was_set). */
	if ((protocol == PROTOCOL_TCP || protocol == PROTOCOL_UDP) && transport != 0xffff) {
		bpf_probe_read_kernel(ports, sizeof(ports), head + transport);
		value->source_port = bpf_ntohs(ports[0]);
		value->destination_port = bpf_ntohs(ports[1]);
	}
}

static __always_inline __u32 value_fill_sockaddr(struct value_sockaddr *value, __u64 word)
{
	__u16 head[2] = {};

	if (memory_read(head, sizeof(head), word))
		return 0;
	value->family = head[0];
	if (value->family == AF_INET)
		memory_read(value->address, 4, word + 4);
	else if (value->family == AF_INET6)
		memory_read(value->address, 16, word + 8);
	else
		return sizeof(*value);
	value->port = bpf_ntohs(head[1]);
	return sizeof(*value);
}

static __always_inline __u32 value_fill_bpf_attr(struct value_bpf *value, __u64 word)
{
	/* union bpf_attr of BPF_PROG_LOAD: prog_type, insn_cnt; prog_name at 48. */
	__u32 head[2] = {};

	if (memory_read(head, sizeof(head), word))
		return 0;
	value->type = head[0];
	value->instructions = head[1];
	memory_read(value->name, sizeof(value->name), word + 48);
	return sizeof(*value);
}

static __always_inline __u32 value_fill_perf_event(struct value_perf_event *value, struct perf_event *event)
{
	value->type = BPF_CORE_READ(event, attr.type);
	value->config = BPF_CORE_READ(event, attr.config);
	value->probe_offset = BPF_CORE_READ(event, attr.probe_offset);
	memory_read_string(value->function, sizeof(value->function), BPF_CORE_READ(event, attr.kprobe_func));
	return sizeof(*value);
}

static __always_inline __u32 value_fill_module(struct value_module *value, struct module *module)
{
	value->taints = BPF_CORE_READ(module, taints);
	value->signature_ok = bpf_core_field_exists(module->sig_ok) ? BPF_CORE_READ(module, sig_ok) : 2;
	bpf_probe_read_kernel_str(value->name, sizeof(value->name), module->name);
	return sizeof(*value);
}

/* During the load the module's own fields are not set yet. */
static __always_inline __u32 value_fill_load_info(struct value_module *value, struct load_info *info)
{
	struct module *module = BPF_CORE_READ(info, mod);

	value->taints = module ? BPF_CORE_READ(module, taints) : 0;
	value->signature_ok = bpf_core_field_exists(info->sig_ok) ? BPF_CORE_READ(info, sig_ok) : 2;
	bpf_probe_read_kernel_str(value->name, sizeof(value->name), BPF_CORE_READ(info, name));
	return sizeof(*value);
}

static __always_inline __u32 value_fill_cred(struct value_cred *value, struct cred *pointer)
{
	if (bpf_core_read(&value->creds.uid, 4, &pointer->uid))
		return 0;
	bpf_core_read(&value->creds.gid, 4, &pointer->gid);
	bpf_core_read(&value->creds.suid, 4, &pointer->suid);
	bpf_core_read(&value->creds.sgid, 4, &pointer->sgid);
	bpf_core_read(&value->creds.euid, 4, &pointer->euid);
	bpf_core_read(&value->creds.egid, 4, &pointer->egid);
	bpf_core_read(&value->creds.fsuid, 4, &pointer->fsuid);
	bpf_core_read(&value->creds.fsgid, 4, &pointer->fsgid);
	bpf_core_read(&value->creds.securebits, 4, &pointer->securebits);
	bpf_core_read(&value->creds.cap_permitted, 8, &pointer->cap_permitted);
	bpf_core_read(&value->creds.cap_effective, 8, &pointer->cap_effective);
	bpf_core_read(&value->creds.cap_inheritable, 8, &pointer->cap_inheritable);
	value->creds.user_ns_level = BPF_CORE_READ(pointer, user_ns, level);
	value->creds.user_ns_owner_uid = BPF_CORE_READ(pointer, user_ns, owner.val);
	value->creds.user_ns_owner_gid = BPF_CORE_READ(pointer, user_ns, group.val);
	value->user_ns = BPF_CORE_READ(pointer, user_ns, ns.inum);
	return sizeof(*value);
}

static __always_inline __u32 value_fill_user_namespace(struct value_user_namespace *value, struct user_namespace *ns)
{
	value->level = BPF_CORE_READ(ns, level);
	value->uid = BPF_CORE_READ(ns, owner.val);
	value->gid = BPF_CORE_READ(ns, group.val);
	value->inum = BPF_CORE_READ(ns, ns.inum);
	return sizeof(*value);
}

static __always_inline __u32 value_fill_bpf_map(struct value_bpf *value, struct bpf_map *map)
{
	value->type = BPF_CORE_READ(map, map_type);
	value->key_size = BPF_CORE_READ(map, key_size);
	value->value_size = BPF_CORE_READ(map, value_size);
	value->max_entries = BPF_CORE_READ(map, max_entries);
	value->id = BPF_CORE_READ(map, id);
	bpf_core_read(value->name, sizeof(value->name), &map->name);
	return sizeof(*value);
}

static __always_inline __u32 value_fill_bpf_prog(struct value_bpf *value, struct bpf_prog *prog)
{
	struct bpf_prog_aux *aux = BPF_CORE_READ(prog, aux);

	value->type = BPF_CORE_READ(prog, type);
	value->instructions = BPF_CORE_READ(prog, len);
	value->id = BPF_CORE_READ(aux, id);
	bpf_core_read(value->name, sizeof(value->name), &aux->name);
	return sizeof(*value);
}

/* Values whose word is a pointer to an object of fixed size. */
static __noinline long value_load_object(struct hook_scratch *scratch, __u32 i, __u64 word)
{
	char *room = value_room(scratch);
	__u32 length = 0;

	if (i >= HOOK_VALUES_MAX)
		return 0;
	if (!room || !word) {
		value_fail(scratch, i, room ? VALUE_MISSING : VALUE_TRUNCATED);
		return 0;
	}
	/* The largest of these objects; word by word, since the compiler does not know that the room is aligned. */
	for (__u32 at = 0; at < sizeof(struct value_cred); at += sizeof(__u64))
		*(__u64 *)(room + at) = 0;
	switch (config.value[i].reader) {
	case READ_SOCKET:
		word = (__u64)BPF_CORE_READ((struct socket *)word, sk);
		if (!word) {
			value_fail(scratch, i, VALUE_MISSING);
			return 0;
		}
		value_fill_sock((struct value_sock *)room, (struct sock *)word);
		length = sizeof(struct value_sock);
		break;
	case READ_SOCK:
		value_fill_sock((struct value_sock *)room, (struct sock *)word);
		length = sizeof(struct value_sock);
		break;
	case READ_SKB:
		value_fill_skb((struct value_sock *)room, (struct sk_buff *)word);
		length = sizeof(struct value_sock);
		break;
	case READ_SOCKADDR:
		length = value_fill_sockaddr((struct value_sockaddr *)room, word);
		break;
	case READ_CRED:
		length = value_fill_cred((struct value_cred *)room, (struct cred *)word);
		break;
	case READ_USER_NAMESPACE:
		length = value_fill_user_namespace((struct value_user_namespace *)room, (struct user_namespace *)word);
		break;
	case READ_BPF_ATTR:
		length = value_fill_bpf_attr((struct value_bpf *)room, word);
		break;
	case READ_BPF_MAP:
		length = value_fill_bpf_map((struct value_bpf *)room, (struct bpf_map *)word);
		break;
	case READ_BPF_PROG:
		length = value_fill_bpf_prog((struct value_bpf *)room, (struct bpf_prog *)word);
		break;
	case READ_PERF_EVENT:
		length = value_fill_perf_event((struct value_perf_event *)room, (struct perf_event *)word);
		break;
	case READ_MODULE:
		length = value_fill_module((struct value_module *)room, (struct module *)word);
		break;
	case READ_LOAD_INFO:
		length = value_fill_load_info((struct value_module *)room, (struct load_info *)word);
		break;
	default:
		break;
	}
	scratch->value[i].number = word;
	value_end(scratch, i, length, length ? 0 : VALUE_UNREADABLE);
	return 0;
}

#endif
