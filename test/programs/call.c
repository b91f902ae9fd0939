// SPDX-License-Identifier: Apache-2.0
/*
 * Makes the system calls that its arguments say and reports what they returned: `call STEP [; STEP …]`. A step is the name of
 * a call and its arguments, or one of
 *
 *   wait          until standard input ends; then the steps that it brought, separated by blanks
 *   fork          a child does the rest
 *   exec PROGRAM  PROGRAM does the rest
 *   drop SET CAP  clears a capability in the set effective, permitted or inheritable; raise sets it
 *   become UID    becomes this user
 *   int80 NUMBER  the system call of 32-bit programs with this number; its arguments are those words that follow
 *
 * An argument is a number, $N (what call N returned, from 0), =TEXT, *HEX (bytes), size:N (N bytes of 0), vector:TEXT,TEXT …
 * (an array of struct iovec; a TEXT can be size:N), in:ADDRESS:PORT, in6:[ADDRESS]:PORT, un:PATH, un@NAME (an abstract name)
 * or load:NAME (what bpf(2) needs to load a program of that name).
 */
#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "report.h"

#define CALLS_MAX 64
#define WORDS_MAX 256

static const struct {
	const char *name;
	long number;
} calls[] = {
	{ "bind", SYS_bind },
	{ "bpf", SYS_bpf },
	{ "chdir", SYS_chdir },
	{ "close", SYS_close },
	{ "connect", SYS_connect },
	{ "dup3", SYS_dup3 },
	{ "faccessat", SYS_faccessat },
	{ "fchmod", SYS_fchmod },
	{ "fcntl", SYS_fcntl },
	{ "flock", SYS_flock },
	{ "fsync", SYS_fsync },
	{ "ftruncate", SYS_ftruncate },
	{ "futex", SYS_futex },
	{ "getpgid", SYS_getpgid },
	{ "getpriority", SYS_getpriority },
	{ "getsid", SYS_getsid },
	{ "listen", SYS_listen },
	{ "lseek", SYS_lseek },
	{ "memfd_create", SYS_memfd_create },
	{ "mknodat", SYS_mknodat },
	{ "mmap", SYS_mmap },
	{ "openat", SYS_openat },
	{ "perf_event_open", SYS_perf_event_open },
	{ "prctl", SYS_prctl },
	{ "read", SYS_read },
	{ "readv", SYS_readv },
	{ "sendto", SYS_sendto },
	{ "shutdown", SYS_shutdown },
	{ "socket", SYS_socket },
	{ "unlinkat", SYS_unlinkat },
	{ "unshare", SYS_unshare },
	{ "write", SYS_write },
	{ "writev", SYS_writev },
};

static long results[CALLS_MAX];
static int made;

static int is_word(const char *word, const char *other)
{
	return strcmp(word, other) == 0;
}

static long call_number(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (is_word(name, calls[i].name))
			return calls[i].number;
	errno = EINVAL;
	die(name);
	return -1;
}

/* What stands before the last colon, without brackets; the port behind it. */
static int split_port(const char *text, char *address, size_t size)
{
	const char *colon = strrchr(text, ':');

	if (*text == '[')
		snprintf(address, size, "%.*s", (int)(colon - text - 2), text + 1);
	else
		snprintf(address, size, "%.*s", (int)(colon - text), text);
	return atoi(colon + 1);
}

static long address_argument(const char *text)
{
	struct sockaddr_storage *storage = calloc(1, sizeof(*storage));
	char address[64];

	if (strncmp(text, "in6:", 4) == 0) {
		struct sockaddr_in6 *in6 = (void *)storage;

		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(split_port(text + 4, address, sizeof(address)));
		check(inet_pton(AF_INET6, address, &in6->sin6_addr) - 1, text);
	} else if (strncmp(text, "in:", 3) == 0) {
		struct sockaddr_in *in = (void *)storage;

		in->sin_family = AF_INET;
		in->sin_port = htons(split_port(text + 3, address, sizeof(address)));
		check(inet_pton(AF_INET, address, &in->sin_addr) - 1, text);
	} else {
		struct sockaddr_un *un = (void *)storage;

		un->sun_family = AF_UNIX;
		strcpy(un->sun_path + (text[2] == '@'), text + 3);
	}
	return (long)storage;
}

static long bytes_argument(const char *hex)
{
	size_t length = strlen(hex) / 2;
	unsigned char *bytes = calloc(1, length + 1);

	for (size_t i = 0; i < length; i++)
		sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
	return (long)bytes;
}

/* Zeros that are in memory: of a page that was never touched a program of the kernel side can read nothing. */
static void *zeros(size_t length)
{
	volatile char *bytes = calloc(1, length);

	for (size_t at = 0; at < length; at += 4096)
		bytes[at] = 0;
	return (void *)bytes;
}

static long vector_argument(const char *text)
{
	struct iovec *vector = calloc(strlen(text) + 1, sizeof(*vector));
	char *rest = strdup(text), *word;

	for (struct iovec *entry = vector; (word = strsep(&rest, ",")); entry++) {
		int is_size = strncmp(word, "size:", 5) == 0;

		entry->iov_len = is_size ? (size_t)atol(word + 5) : strlen(word);
		entry->iov_base = is_size ? zeros(entry->iov_len) : word;
	}
	return (long)vector;
}

/* r0 = 0; exit */
static long program_argument(const char *name)
{
	static const struct bpf_insn instructions[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
							{ .code = BPF_JMP | BPF_EXIT } };
	union bpf_attr *attr = calloc(1, sizeof(*attr));

	attr->prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	attr->insn_cnt = 2;
	attr->insns = (unsigned long)instructions;
	attr->license = (unsigned long)"GPL";
	strcpy(attr->prog_name, name);
	return (long)attr;
}

static long argument(const char *text)
{
	switch (*text) {
	case '$':
		return results[atoi(text + 1)];
	case '=':
		return (long)(text + 1);
	case '*':
		return bytes_argument(text + 1);
	case 'i':
	case 'u':
		return address_argument(text);
	case 'l':
		return program_argument(text + strlen("load:"));
	case 'v':
		return vector_argument(text + strlen("vector:"));
	case 's':
		return (long)zeros(atol(text + strlen("size:")));
	default:
		return *text == '-' ? strtol(text, NULL, 0) : (long)strtoul(text, NULL, 0);
	}
}

static void change_capability(const char *set, int capability, int raised)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	__u32 *word;

	check(syscall(SYS_capget, &header, data), "capget");
	word = is_word(set, "effective")   ? &data[capability / 32].effective
	       : is_word(set, "permitted") ? &data[capability / 32].permitted
					   : &data[capability / 32].inheritable;
	if (raised)
		*word |= 1u << capability % 32;
	else
		*word &= ~(1u << capability % 32);
	check(syscall(SYS_capset, &header, data), "capset");
}

/* The way of 32-bit programs into the kernel, which is open to this one too. */
static long call_of_32_bit(long number, const long *arguments)
{
#ifdef __x86_64__
	register long result asm("rax") = number;

	asm volatile("int $0x80"
		     : "+r"(result)
		     : "b"(arguments[0]), "c"(arguments[1]), "d"(arguments[2]), "S"(arguments[3]), "D"(arguments[4])
		     : "memory", "r8", "r9", "r10", "r11");
	/* 32 bits came back. */
	return (int)result;
#else
	(void)number;
	(void)arguments;
	errno = ENOSYS;
	return -1;
#endif
}

static void make_call(char **words)
{
	long arguments[6] = { 0 };
	int is_32_bit = is_word(words[0], "int80");
	long number = is_32_bit ? strtol(*++words, NULL, 0) : call_number(words[0]);

	for (int i = 0; i < 6 && words[i + 1]; i++)
		arguments[i] = argument(words[i + 1]);
	if (made == CALLS_MAX)
		die("too many calls");
	errno = 0;
	results[made] = is_32_bit ? call_of_32_bit(number, arguments)
				  : syscall(number, arguments[0], arguments[1], arguments[2], arguments[3],
					    arguments[4], arguments[5]);
	if (results[made] == -1 && errno)
		results[made] = -errno;
	made++;
}

/* The words of standard input. */
static int read_steps(char **words)
{
	size_t length;
	char *text = read_all(0, &length);
	int count = 0;

	for (char *word = strtok(text, " \n"); word && count < WORDS_MAX; word = strtok(NULL, " \n"))
		words[count++] = word;
	return count;
}

static void do_fork(void)
{
	int status;
	pid_t child = check(fork(), "fork");

	if (child == 0)
		return;
	check(waitpid(child, &status, 0), "waitpid");
	exit(WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_BROKEN);
}

int main(int argc, char **argv, char **envp)
{
	char self[24] = "0";

	for (int at = 1; at < argc; at++) {
		char **words = &argv[at];

		while (at < argc && !is_word(argv[at], ";"))
			at++;
		/* argv[argc] is NULL already. */
		argv[at] = NULL;
		if (is_word(words[0], "wait")) {
			argc = read_steps(argv = calloc(WORDS_MAX + 1, sizeof(char *)));
			at = -1;
		} else if (is_word(words[0], "fork")) {
			do_fork();
		} else if (is_word(words[0], "exec")) {
			if (at < argc)
				argv[at] = words[1];
			execve(words[1], at < argc ? &argv[at] : &words[1], envp);
			die(words[1]);
		} else if (is_word(words[0], "drop") || is_word(words[0], "raise")) {
			change_capability(words[1], atoi(words[2]), is_word(words[0], "raise"));
		} else if (is_word(words[0], "become")) {
			check(syscall(SYS_setuid, atoi(words[1])), "setuid");
		} else {
			make_call(words);
		}
	}
	/* The id in the namespace of the /proc that is mounted here; getpid() tells it in its own. */
	check(readlink("/proc/self", self, sizeof(self) - 1), "/proc/self");
	printf("{\"pid\":%s,\"results\":[", self);
	for (int i = 0; i < made; i++)
		printf("%s%ld", i ? "," : "", results[i]);
	printf("]}\n");
	return 0;
}
