// SPDX-License-Identifier: Apache-2.0
// hand-socket: listens on two free ports of the loopback, prints them and waits for a line on standard input. Then a child
// connects to the first, hands its socket to the parent and ends; the parent closes it, and connects to the second port
// COUNT times, one after the other, so that addresses of sockets are used again. Prints the pids.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "report.h"

#define COUNT 20

static int listen_somewhere(int *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = check(socket(AF_INET, SOCK_STREAM, 0), "socket");

	check(bind(listener, (struct sockaddr *)&address, length), "bind");
	check(listen(listener, COUNT), "listen");
	check(getsockname(listener, (struct sockaddr *)&address, &length), "getsockname");
	*port = ntohs(address.sin_port);
	return listener;
}

static int connect_to(int port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");

	check(connect(fd, (struct sockaddr *)&address, sizeof(address)), "connect");
	return fd;
}

/* Ends a connection, the accepting end first. */
static void end_connection(int client, int listener)
{
	int server = check(accept(listener, NULL, NULL), "accept");

	close(server);
	close(client);
}

union control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

static void hand_over(int channel, int fd)
{
	union control control = {};
	char byte = 0;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(int));
	check(sendmsg(channel, &message, 0), "sendmsg");
}

static int take_over(int channel)
{
	union control control = {};
	char byte;
	struct iovec data = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)
	};
	int fd;

	check(recvmsg(channel, &message, 0), "recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
	return fd;
}

int main(void)
{
	int port, other, channel[2];
	int listener = listen_somewhere(&port), further = listen_somewhere(&other);
	pid_t child;

	check(socketpair(AF_UNIX, SOCK_STREAM, 0, channel), "socketpair");
	printf("{\"port\":%d,\"other\":%d}\n", port, other);
	fflush(stdout);
	if (getchar() == EOF)
		return STATUS_BROKEN;
	child = check(fork(), "fork");
	if (!child) {
		hand_over(channel[0], connect_to(port));
		_exit(0);
	}
	check(waitpid(child, NULL, 0), "waitpid");
	end_connection(take_over(channel[1]), listener);
	for (int i = 0; i < COUNT; i++)
		end_connection(connect_to(other), further);
	printf("{\"parent\":%d,\"child\":%d,\"count\":%d}\n", getpid(), child, COUNT);
	return 0;
}
