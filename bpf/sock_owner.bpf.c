// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * Keeps for each socket the process that opened it, for the events of hooks that have a socket among their values. Attached
 * while a policy has such a value: by trampolines, or by kprobes where there are none.
 *
 * Guarantee: a socket that was opened meanwhile names who opened it, or nobody; never whoever had its address before. What
 * accept(2) gives was opened by the process that called it.
 *
 *   sock_opened    security_socket_post_create: socket(2) and socketpair(2); sockets of the kernel itself are nobody's
 *   sock_accepted  security_sock_graft: accept(2) gives a connection to a process
 *   sock_cloned    security_sk_clone: a connection comes in, and is nobody's yet
 *   sock_freed     security_sk_free
 *
 * A trampoline's program is skipped when another task preempts it on the same CPU and comes by here too. Hence an address
 * is forgotten both when a socket is freed and when another one is made there.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "lib/kernel_types.h"
#include "lib/sock_owner.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline int forget(__u64 sock)
{
	bpf_map_delete_elem(&sock_owners, &sock);
	return 0;
}

static __always_inline int own(__u64 sock)
{
	struct image_key owner;

	owner_read(&owner);
	/* Without room there is no owner; the one of an earlier socket must not stay. */
	if (sock && bpf_map_update_elem(&sock_owners, &sock, &owner, BPF_ANY))
		forget(sock);
	return 0;
}

static __always_inline int opened(struct socket *socket, bool by_kernel)
{
	__u64 sock = (__u64)BPF_CORE_READ(socket, sk);

	return by_kernel ? forget(sock) : own(sock);
}

SEC("fentry/security_socket_post_create")
int BPF_PROG(sock_opened, struct socket *socket, int family, int type, int protocol, int kern)
{
	return opened(socket, kern);
}

SEC("fentry/security_sock_graft")
int BPF_PROG(sock_accepted, struct sock *sock, struct socket *parent)
{
	return own((__u64)sock);
}

SEC("fentry/security_sk_clone")
int BPF_PROG(sock_cloned, struct sock *sock, struct sock *made)
{
	return forget((__u64)made);
}

SEC("fentry/security_sk_free")
int BPF_PROG(sock_freed, struct sock *sock)
{
	return forget((__u64)sock);
}

#ifdef __TARGET_ARCH_x86
#define ARGUMENT(context, name, number) BPF_CORE_READ((struct pt_regs___x86 *)(context), name)
#else
#define ARGUMENT(context, name, number) BPF_CORE_READ((struct pt_regs___arm64 *)(context), regs[number])
#endif

SEC("kprobe/security_socket_post_create")
int sock_opened_kprobe(void *context)
{
	return opened((struct socket *)ARGUMENT(context, di, 0), (int)ARGUMENT(context, r8, 4));
}

SEC("kprobe/security_sock_graft")
int sock_accepted_kprobe(void *context)
{
	return own(ARGUMENT(context, di, 0));
}

SEC("kprobe/security_sk_clone")
int sock_cloned_kprobe(void *context)
{
	return forget(ARGUMENT(context, si, 1));
}

SEC("kprobe/security_sk_free")
int sock_freed_kprobe(void *context)
{
	return forget(ARGUMENT(context, di, 0));
}
