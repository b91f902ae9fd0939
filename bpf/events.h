/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The wire format between the eBPF programs and user space: the only place where a record's layout is written.
 *
 * Every record starts with struct event_header. Fixed fields come first, ordered so that there are no holes; what has
 * variable length follows in one tail, back to back in the order that the record's comment names; the fixed part holds
 * the lengths. User space reads through layouts that scripts/gen-layouts.ts generates from the objects' BTF, so a
 * change here is a change there.
 *
 * Times are nanoseconds of CLOCK_BOOTTIME (bpf_ktime_get_boot_ns): they go on while the machine sleeps and agree with
 * task_struct::start_boottime and with field 22 of /proc/PID/stat.
 */
#ifndef MERLON_EVENTS_H
#define MERLON_EVENTS_H

/* An enum, so that the numbers reach BTF. */
enum event_limit {
	/* Raised when a record or a map value changes: an agent adopts pinned maps of its own version only. */
	EVENT_VERSION = 2,
	/* Bounds of the variable fields, in bytes. The path's counts the final NUL, which is not sent. */
	EVENT_PATH_MAX = 4096,
	EVENT_ARGS_MAX = 32768,
	EVENT_ENV_MAX = 32768,
};

enum event_type : __u8 {
	EVENT_EXEC = 1,
	EVENT_FORK = 2,
	EVENT_EXIT = 3,
	EVENT_TRACEPOINT = 4,
	EVENT_HOOK = 5,
};

/* A lane is a ring buffer with a sequence of its own. Telemetry can never fill the lifecycle ring. */
enum event_lane : __u8 {
	LANE_LIFECYCLE = 0,
	LANE_TELEMETRY = 1,
	LANE_COUNT = 2,
};

struct event_header {
	__u32 size; /* of the whole record, this header included */
	__u16 cpu;  /* whose sequence `seq` belongs to */
	enum event_type type;
	enum event_lane lane;
	__u64 seq; /* per CPU and lane, from 1, without holes unless records were lost */
	__u64 ktime;
};

/* A process is one thread group: its id alone is reused, its id and the start time of its leader are not. */
struct process_key {
	__u64 start_time; /* task_struct::start_boottime of the leader */
	__u32 tgid;       /* in the initial pid namespace */
	__u32 reserved;
};

/* A process image is what one execve made of it (or fork, before the first execve). */
struct image_key {
	__u64 image_time; /* when the execve finished; start_time for a process that has not called execve */
	__u32 tgid;
	__u32 reserved;
};

enum exec_flag : __u32 {
	EXEC_ARGS_TRUNCATED = 1 << 0,  /* argv is longer than EVENT_ARGS_MAX */
	EXEC_ARGS_UNREADABLE = 1 << 1, /* a page of argv could not be read */
	EXEC_ENV_TRUNCATED = 1 << 2,
	EXEC_ENV_UNREADABLE = 1 << 3,
	EXEC_PATH_TRUNCATED = 1 << 4,
	EXEC_CWD_TRUNCATED = 1 << 5,
	EXEC_SCRIPT_TRUNCATED = 1 << 6,
	EXEC_CGROUP_TRUNCATED = 1 << 7,
	EXEC_SCRIPT = 1 << 8, /* the kernel ran an interpreter: `script` names the file that was asked for */
	EXEC_SETUID = 1 << 9, /* the effective uid changed by a set-user-id bit */
	EXEC_SETGID = 1 << 10,
	EXEC_FILECAPS = 1 << 11,       /* capabilities gained from the file */
	EXEC_DELETED = 1 << 12,        /* the binary had no link left in any directory */
	EXEC_ANONYMOUS = 1 << 13,      /* the binary never had one: memfd_create or another internal mount */
	EXEC_CHROOT = 1 << 14,         /* the process root is not the root of its mount namespace: `root` holds it */
	EXEC_AFTER_FORK = 1 << 15,     /* the first execve since fork */
	EXEC_FROM_THREAD = 1 << 16,    /* called by a thread other than the leader */
	EXEC_PARENT_KTHREAD = 1 << 17, /* started by the kernel (a user-mode helper) */
	EXEC_PARENT_UNKNOWN = 1 << 18, /* the kernel side holds no identity of the parent: its start time only */
	EXEC_SNAPSHOT = 1 << 19,       /* not an execve: a process found when the agent started */
	EXEC_REPORTED = 1 << 20,       /* of a snapshot: an earlier run of the agent has reported this image */
	EXEC_NEVER = 1 << 21,          /* of a snapshot: known to have forked without an execve since */
};

struct process_credentials {
	__u32 uid, gid, euid, egid, suid, sgid, fsuid, fsgid;
	__u32 securebits;
	__u32 user_ns_level;
	__u32 user_ns_owner_uid;
	__u32 user_ns_owner_gid;
	__u64 cap_permitted, cap_effective, cap_inheritable;
};

/* Inode numbers of the namespaces, as readlink /proc/PID/ns/NAME shows them; 0 where the kernel has no such kind. */
struct process_namespaces {
	__u32 uts, ipc, mnt, pid, pid_for_children, net, time, time_for_children, cgroup, user;
};

/* EVENT_EXEC. Tail: path, cwd, args (each ended by NUL), script, root, cgroup, env (each ended by NUL). */
struct exec_event {
	struct event_header header;
	struct process_key process;
	struct image_key parent; /* the parent's image when it forked this process, or now, if that is unknown */
	__u64 image_time;
	__u64 real_parent_start_time; /* of the present real_parent's process */
	__u64 cgroup_id;              /* of the cgroup v2 hierarchy */
	__u64 inode;
	__u32 inode_links;
	__u32 dev; /* kernel encoding: major << 20 | minor */
	__u32 mount_id;
	__u32 real_parent_tgid;
	__u32 tid;     /* of the thread that called execve; the kernel gives it the leader's id after */
	__u32 ns_tgid; /* tgid in the process's own pid namespace */
	__u32 auid;
	__u32 session_id; /* of the audit session */
	__u32 sid;        /* session leader's pid, initial namespace */
	__u32 tty;        /* dev_t of the controlling terminal, 0 without */
	__u32 argc;
	enum exec_flag flags;
	struct process_credentials creds;
	struct process_namespaces ns;
	__u16 path_length; /* bytes in the tail, in this order; without a final NUL unless said so */
	__u16 cwd_length;
	__u16 args_length; /* each argument ended by NUL */
	__u16 script_length;
	__u16 root_length;
	__u16 cgroup_length;
	__u16 env_length; /* each variable ended by NUL */
	__u16 reserved;
	char comm[16];
};

/*
 * EVENT_FORK: a new process (not a thread). Sent to keep the table; no output shows it by default. The parent is the
 * kernel's real_parent: with CLONE_PARENT not the process that called clone.
 */
struct fork_event {
	struct event_header header;
	struct process_key process;
	struct image_key parent;
	__u64 cgroup_id;
	__u32 ns_tgid;
	__u32 reserved;
};

/* EVENT_EXIT: the last thread of a process has ended. */
struct exit_event {
	struct event_header header;
	struct process_key process;
	__u64 image_time; /* 0 when the kernel side has no record of the image */
	__u32 code;       /* as wait(2): status in bits 8-15, signal in 0-6, core dumped in 7 */
	__u32 tid;        /* of the last thread */
};

/*
 * EVENT_TRACEPOINT: a hit of a raw tracepoint with up to two integers. The benchmark's flood uses it; policies bring the
 * general form.
 */
struct tracepoint_event {
	struct event_header header;
	struct process_key process;
	__u64 args[2];
	__u32 tid;
	__u32 hook; /* index into the hooks that user space attached */
};

/*
 * EVENT_HOOK: a hit of a policy's hook that at least one rule matched, however many policies those rules belong to. Tail:
 * `words` 64-bit words, bit n set for rule n that matched and was the first of its policy to do so; then `values` times a
 * struct hook_value with its data, each padded to 8 bytes.
 */
struct hook_event {
	struct event_header header;
	struct process_key process;
	__u64 image_time; /* 0 when the kernel side has no record of the image */
	__u32 generation; /* of the policies that decided */
	__u32 hook;       /* as the plan of that generation numbers them */
	__u32 tid;
	__u16 words;
	__u16 values;
};

enum value_flag : __u16 {
	VALUE_TRUNCATED = 1 << 0,  /* there was more: `length` bytes are here */
	VALUE_UNREADABLE = 1 << 1, /* a pointer on the way could not be followed; nothing or less is here */
	VALUE_MISSING = 1 << 2,    /* there was no such object: a null pointer, a descriptor that is not open */
};

/* Places in `entry` beyond those of the hook's values. */
enum value_entry : __u16 {
	VALUE_KERNEL_STACK = 0xfff0, /* data: return addresses, 8 bytes each */
	VALUE_USER_STACK = 0xfff1,
	VALUE_IMA_HASH = 0xfff2,   /* data: algorithm (4 bytes, enum hash_algo), then the digest */
	VALUE_SOCK_OWNER = 0xfff3, /* data: struct value_sock_owner */
	VALUE_SIZE = 0xfff4,       /* data: struct value_size, for bytes that were cut */
	VALUE_REST = 0xfff5,       /* data: struct value_rest, then more of a value's bytes */
	/* Data: struct value_stack_place for each address of VALUE_USER_STACK, as far as there was room. */
	VALUE_USER_PLACES = 0xfff6,
	VALUE_VERDICT = 0xfff7, /* data: struct value_verdict, where a rule that denies or signals matched */
};

struct hook_value {
	__u16 entry; /* position in the hook's list of values, or enum value_entry */
	enum value_flag flags;
	__u32 length; /* of the data, without its padding */
};

/*
 * Where an address lies: struct bpf_stack_build_id of include/uapi/linux/bpf.h. Unlike an address it says something when the
 * process has ended. The kernel knows it where the beginning of the file is in memory.
 */
struct value_stack_place {
	__u32 status; /* BPF_STACK_BUILD_ID_VALID (1), else the rest is not known */
	__u8 build_id[20];
	__u64 offset; /* in the file */
};

/* Data of VALUE_SOCK_OWNER: the process that opened the socket of value `entry`. */
struct value_sock_owner {
	struct image_key owner;
	__u32 entry;
	__u32 reserved;
};

/* Data of VALUE_SIZE: how many bytes value `entry` had where it was read. */
struct value_size {
	__u64 size;
	__u32 entry;
	__u32 reserved;
};

/* Before the data of VALUE_REST, which follow the first VALUE_REST_FROM bytes of value `entry` (and repeat the others). */
struct value_rest {
	__u32 entry;
	__u32 reserved;
};

/* A multiple of 3: both parts become base64 on their own. */
enum value_rest_place {
	VALUE_REST_FROM = 4095,
};

/*
 * Data of VALUE_VERDICT: what was done, then twice as many words as the mask has: the rules that were to do it, and those that
 * could not write memory or registers of the process, or note what enforcers are to do. Of the other rules that deny or signal,
 * the policy only monitors.
 */
struct value_verdict {
	__u64 signals; /* bit n: signal n + 1 was sent to the process */
	__u64 unsent;  /* the same, of those that the kernel refused to send */
	__s32 error;   /* what the hooked function returned in place of running; 0: it ran */
	__u32 ran;     /* 1: it ran all the same, since there was no room for the decision */
};

/* Data of a path (file, path, dentry, fd, kiocb, linux_binprm): this, then the path's bytes. */
struct value_path {
	__u32 flags; /* file::f_flags; 0 where there is no file */
	__u16 mode;  /* inode::i_mode */
	__u16 reserved;
	__s32 fd; /* of an fd, else -1 */
	__u32 dev;
	__u64 inode;
};

/* Data of sock, socket and (with what a packet has of it) skb. Addresses: IPv4 in the first four bytes. */
struct value_sock {
	__u8 source_address[16];
	__u8 destination_address[16];
	__u64 cookie;
	__u32 mark;
	__u32 priority;
	__u32 length; /* of an skb */
	__u32 hash;   /* of an skb */
	__u32 secpath_length;
	__u32 secpath_olen;
	__u16 family;
	__u16 type;
	__u16 protocol;
	__u16 source_port; /* host byte order */
	__u16 destination_port;
	__u8 state;
	__u8 reserved[5];
};

/* Data of sockaddr. A sockaddr_un is { family } in the first two bytes, then its path as it stands there. */
struct value_sockaddr {
	__u8 address[16];
	__u16 family;
	__u16 port; /* host byte order */
	__u32 reserved;
};

/* Data of cred. */
struct value_cred {
	struct process_credentials creds;
	__u32 user_ns;
	__u32 reserved;
};

/* Data of user_namespace. */
struct value_user_namespace {
	__s32 level;
	__u32 uid;
	__u32 gid;
	__u32 inum;
};

/* Data of bpf_attr, bpf_prog and bpf_map; what a kind does not have is 0. */
struct value_bpf {
	__u32 type;
	__u32 instructions;
	__u32 key_size;
	__u32 value_size;
	__u32 max_entries;
	__u32 id;
	char name[16];
};

/* Data of perf_event. */
struct value_perf_event {
	__u64 config;
	__u64 probe_offset;
	__u32 type;
	__u32 reserved;
	char function[64];
};

/* Data of module and load_info. */
struct value_module {
	__u64 taints;
	__u32 signature_ok; /* 0 or 1; 2 where the kernel does not say */
	__u32 reserved;
	char name[56];
};

enum process_flag : __u32 {
	PROCESS_EXECED = 1 << 0,   /* has called execve since fork */
	PROCESS_EXITED = 1 << 1,   /* the exit event has been sent */
	PROCESS_REPORTED = 1 << 2, /* the present image has left in an event */
	PROCESS_FORKED = 1 << 3,   /* the fork was seen: what it did since is known */
};

/* A string by its length and two keyed hashes of its bytes (bpf/lib/string_key.h). A length of 0 is no string. */
struct string_key {
	__u64 low;
	__u64 high;
	__u32 length;
	__u32 reserved;
};

/* What the kernel keeps with each process (task storage of the leader). */
struct process_state {
	__u64 start_time;
	__u64 image_time;
	struct image_key parent;
	struct string_key binary;
	struct string_key parent_binary; /* when it forked this process */
	/* At the last execve, or those of the parent then: what a process has done to them since can be told. */
	struct process_namespaces namespaces;
	__u64 cap_permitted, cap_effective, cap_inheritable;
	__u32 flags; /* enum process_flag */
	__u32 reserved;
};

/* Per CPU and lane, shared with user space through mmap: entry `cpu * LANE_COUNT + lane`. One cache line each. */
struct lane_counters {
	__u64 seq;       /* last sequence number given out */
	__u64 lost;      /* of these, records that found no room in the ring */
	__u64 delivered; /* written by user space: all up to here have reached the outputs or a gap record */
	__u64 declared;  /* written by user space: of `lost`, how many gap records have told of */
	__u64 reserved[4];
};

#endif
