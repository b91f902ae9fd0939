/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What user space tells a hook's program before load. Everything stands in .rodata, so the verifier sees constants and
 * removes what this hook does not need: one source, as many programs as there are hooks.
 *
 * Rules: each selector of each policy on a hook is one bit. A dimension takes one input (a value's number or string, the
 * pid, the binary …) and finds in its map the mask of the rules that this input satisfies; what the map does not hold
 * satisfies the rules in `miss`. The masks of all dimensions are ANDed; the bits left are the rules that match.
 */
#ifndef MERLON_HOOK_CONFIG_H
#define MERLON_HOOK_CONFIG_H

#include <linux/types.h>

enum hook_limit {
	HOOK_VALUES_MAX = 16,
	HOOK_DIMENSIONS_MAX = 16,
	HOOK_WORDS_MAX = 16,  /* of 64 rules; a hook with more rules gets further instances, run one after the other */
	HOOK_STEPS_MAX = 12,  /* of a resolve path */
	HOOK_GROUPS_MAX = 16, /* instances of one hook and generation */
	/* Longest string whose beginning or end a trie can hold (LPM_DATA_SIZE_MAX, kernel/bpf/lpm_trie.c). */
	HOOK_TRIE_BYTES = 256,
	HOOK_SYSCALLS_MAX = 512,
	HOOK_SYSCALL_PLACES = 2 * HOOK_SYSCALLS_MAX, /* those of 32-bit programs stand behind the others */
	HOOK_STRING_MAX = 4096,                      /* of a string value or path, bytes */
	HOOK_DATA_MAX = 32768,                       /* of all values of a record, bytes */
	HOOK_WIDE_MAX =
		327360, /* of what all buffers with maxData have beside that; as much as Tetragon sends of one */
	HOOK_CEL_STEPS_MAX = 256, /* of one expression */
	/* In struct string_key the length of no string: its words are the inode and device of a file. */
	HOOK_FILE_KEY = 1 << 30,
	/* A power of two. One for each value, the others for what is computed. */
	HOOK_CEL_REGISTERS = 2 * HOOK_VALUES_MAX,
};

/* Where a value's first word comes from. */
enum value_source : __u8 {
	SOURCE_ARGUMENT = 0,      /* argument `index` of the function, syscall or raw tracepoint */
	SOURCE_RETURN = 1,        /* what the function returned */
	SOURCE_FIELD = 2,         /* classic tracepoint: `size` bytes at `field` of the record */
	SOURCE_TASK = 3,          /* the current task_struct */
	SOURCE_REGISTERS = 4,     /* pt_regs: 8 bytes at `field` */
	SOURCE_CONSTANT = 5,      /* `field` itself */
	SOURCE_FIELD_ADDRESS = 6, /* classic tracepoint: the address of `field` */
};

/* How the value is read from that word, once the path was followed. */
enum value_reader : __u8 {
	READ_NONE = 0,
	READ_NUMBER = 1,    /* the word itself, or `size` bytes where the path ended */
	READ_STRING = 2,    /* a pointer to a NUL-terminated string */
	READ_BYTES = 3,     /* a pointer to as many bytes as argument `size_argument` says */
	READ_DATA_LOC = 4,  /* a classic tracepoint's __data_loc word */
	READ_FILE = 5,      /* struct file * */
	READ_PATH = 6,      /* struct path * */
	READ_DENTRY = 7,    /* struct dentry * */
	READ_FD = 8,        /* a file descriptor of the current task */
	READ_KIOCB = 9,     /* struct kiocb * */
	READ_BINPRM = 10,   /* struct linux_binprm * */
	READ_FILENAME = 11, /* struct filename * */
	READ_SOCK = 12,     /* struct sock * */
	READ_SOCKET = 13,   /* struct socket * */
	READ_SKB = 14,      /* struct sk_buff * */
	READ_SOCKADDR = 15, /* struct sockaddr *, of IPv4 or IPv6 */
	READ_SOCKADDR_UN = 16,
	READ_CRED = 17, /* struct cred * */
	READ_USER_NAMESPACE = 18,
	READ_BPF_ATTR = 19,
	READ_BPF_MAP = 20,
	READ_BPF_PROG = 21,
	READ_PERF_EVENT = 22,
	READ_MODULE = 23,
	READ_LOAD_INFO = 24,
	READ_NET_DEVICE = 25,
	READ_IOVEC = 26,        /* struct iovec *, as many as argument `size_argument` says */
	READ_IOV_ITER = 27,     /* struct iov_iter * */
	READ_CAPABILITIES = 28, /* kernel_cap_t * */
};

enum value_config_flag : __u8 {
	CONFIG_SIGNED = 1 << 0,
	CONFIG_RETURN_COPY = 1 << 1, /* a buffer: as much of it as the function has returned */
	CONFIG_WIDE = 1 << 2,        /* a buffer with maxData: the event has more of it than HOOK_STRING_MAX bytes */
	CONFIG_SYSCALL = 1 << 3,     /* the number of a system call: bit 31 is set for one of a 32-bit program */
};

/* A step of a resolve path: the low 31 bits, signed, are added; STEP_FOLLOW then loads the pointer that stands there. */
#define STEP_FOLLOW 0x80000000u

struct value_config {
	enum value_reader reader;
	enum value_source source;
	__u8 index;
	__u8 size; /* bytes of a number; of a buffer: of the argument that holds its size */
	enum value_config_flag flags;
	__u8 steps;
	__u8 size_argument; /* from 1; 0: none */
	__u8 bit_shift;     /* of a bit-field, and its width; 0 width: none */
	__u8 bit_width;
	__u8 reserved[3];
	__u32 field;
	__u32 max_length; /* bytes to send at most */
	__u32 path[HOOK_STEPS_MAX];
};

enum dimension_kind : __u8 {
	DIMENSION_NONE = 0,
	DIMENSION_NUMBER = 1, /* hash of __u64 */
	DIMENSION_RANGE = 2,  /* array: sorted beginnings of intervals */
	DIMENSION_BITS = 3, /* array: nibble i with value v stands at 16 i + v; a rule matches if any nibble says so */
	DIMENSION_STRING = 4,    /* hash of struct string_key */
	DIMENSION_PREFIX = 5,    /* trie of the string's beginning */
	DIMENSION_POSTFIX = 6,   /* trie of its end, reversed */
	DIMENSION_SUBSTRING = 7, /* arrays: an Aho-Corasick automaton */
	DIMENSION_ADDRESS = 8,   /* trie of family and address */
	DIMENSION_CEL = 9,       /* arrays: expressions as steps, and for each the rules that want it to be true */
};

enum dimension_input : __u8 {
	INPUT_VALUE = 0, /* value `entry`: its number, string or path */
	INPUT_PID = 1,
	INPUT_NAMESPACE_PID = 2, /* in its own pid namespace; 0 in the initial one */
	INPUT_BINARY = 3,        /* path of the process's binary */
	INPUT_PARENT_BINARY = 4,
	INPUT_NAMESPACE = 5, /* inode number of namespace `entry`, in the order of struct process_namespaces */
	INPUT_CAP_EFFECTIVE = 6,
	INPUT_CAP_INHERITABLE = 7,
	INPUT_CAP_PERMITTED = 8,
	INPUT_SOURCE_PORT = 9, /* of the socket in value `entry` */
	INPUT_DESTINATION_PORT = 10,
	INPUT_PROTOCOL = 11,
	INPUT_FAMILY = 12,
	INPUT_STATE = 13,
	INPUT_SOURCE_ADDRESS = 14,
	INPUT_DESTINATION_ADDRESS = 15,
	INPUT_FILE_TYPE = 16,             /* S_IFMT >> 12 of the path in value `entry` */
	INPUT_CAPS_GAINED = 17,           /* value `entry` without what value `other` has */
	INPUT_NAMESPACE_CHANGES = 18,     /* bit n: namespace n is another than at the last execve */
	INPUT_CAP_EFFECTIVE_CHANGES = 19, /* capabilities that it had not, or has no more */
	INPUT_CAP_INHERITABLE_CHANGES = 20,
	INPUT_CAP_PERMITTED_CHANGES = 21,
	INPUT_FOLLOWED = 22,       /* conditions that the process or an ancestor met: struct followed */
	INPUT_FOLLOWED_ABOVE = 23, /* of these, what its ancestors had met when it was born */
};

struct dimension_config {
	enum dimension_kind kind;
	enum dimension_input input;
	__u8 entry;
	__u8 other;
	__u32 count; /* of a range's entries, an automaton's classes, a trie's bytes, nibbles of bits, steps of expressions */
	/* bits: the rules want none of theirs; substring: letters are folded; strings: also files by their inodes */
	__u32 flag;
	__u32 reads;                    /* expressions: bit n for value n */
	__u64 bias;                     /* added to a number, so that signed ones order as unsigned */
	__u64 on_error[HOOK_WORDS_MAX]; /* rules that an input which could not be read satisfies */
	__u64 miss[HOOK_WORDS_MAX];
};

/* First word of each: the policies' boundaries, so that the first rule of each policy can be told. */
struct rule_config {
	__u64 all[HOOK_WORDS_MAX];     /* every rule */
	__u64 first[HOOK_WORDS_MAX];   /* the first rule of each policy in this word */
	__u64 last[HOOK_WORDS_MAX];    /* the last one */
	__u64 carries[HOOK_WORDS_MAX]; /* bit 0: the policy of the word's first rule began in an earlier word */
	__u64 post[HOOK_WORDS_MAX];    /* rules that send an event */
	__u64 limited[HOOK_WORDS_MAX]; /* of these, rules with a rate limit */
	__u64 kernel_stack[HOOK_WORDS_MAX];
	__u64 user_stack[HOOK_WORDS_MAX];
	__u64 ima_hash[HOOK_WORDS_MAX];
	__u64 track[HOOK_WORDS_MAX]; /* TrackSock, UntrackSock: of the values in struct rule_action */
	__u64 untrack[HOOK_WORDS_MAX];
	__u64 enforce[HOOK_WORDS_MAX]; /* rules that deny or signal */
	__u64 unseen[HOOK_WORDS_MAX];  /* of these, rules that deny a hit which cannot be looked at */
};

struct hook_config {
	__u32 hook;
	__u32 generation;
	__u32 words; /* in use */
	__u32 values;
	__u32 dimensions;
	__u32 group;     /* of the next instance, behind this one; 0: none */
	__u32 arguments; /* of the function */
	__u32 flags;     /* enum hook_flag */
	__u32 reserved;
	__u32 pid_namespace; /* inode number of the agent's pid namespace; unused by most */
	__u64 secret[2];     /* of the string keys */
	struct value_config value[HOOK_VALUES_MAX];
	struct dimension_config dimension[HOOK_DIMENSIONS_MAX];
	struct rule_config rules;
};

enum hook_flag : __u32 {
	HOOK_RETURN = 1 << 0,       /* the program runs when the function returns */
	HOOK_SYSCALL_REGS = 1 << 1, /* the first argument is the pt_regs of the syscall's caller */
	HOOK_FOLLOW =
		1 << 2, /* rules that match are noted with the process, for it and its descendants; nothing is sent */
	HOOK_PLACES = 1 << 3, /* it serves many functions or system calls: a record's hook is `hook` and the place */
	HOOK_LIMITS = 1 << 8, /* a rule has a rate limit */
	HOOK_TRACKS = 1 << 9, /* a rule tracks or untracks sockets */
	HOOK_SOCK_OWNERS = 1 << 10, /* a value is a socket, or a packet of one */
	HOOK_WIDE = 1 << 12,        /* a buffer has maxData */
	HOOK_IMA = 1 << 11,         /* a rule wants the file's hash */
	HOOK_IMA_ASK = 1 << 13,     /* the program asks for it when such a rule matches, and sends nothing */
	HOOK_ENFORCES = 1 << 14,    /* a rule denies or signals */
	HOOK_CONTINUES = 1 << 15,   /* not the first instance of a hook that can deny: it takes over what was decided */
	HOOK_WRITES_MEMORY = 1 << 16,    /* a rule writes memory of the program that passes */
	HOOK_WRITES_REGISTERS = 1 << 17, /* a rule has it go on with other registers */
	HOOK_ENFORCER = 1 << 18,         /* a rule has an enum enforcer_role */
	HOOK_OVERRIDES = 1 << 19,        /* what is decided is done by override.bpf.c */
};

/* By the number of a policy. */
enum policy_mode : __u32 {
	POLICY_ENFORCES = 0,
	POLICY_MONITORS = 1, /* its rules neither deny nor signal; events say what they would have done */
};

struct string_secret {
	__u64 words[2];
};

/* A set of the conditions of followChildren and followForks, by their numbers. */
struct followed_set {
	__u64 words[HOOK_WORDS_MAX];
};

/* Those that a process or one of its ancestors has met. */
struct followed {
	struct followed_set met;
	struct followed_set above; /* what its parent had in `met` when it was born */
};

/* A pid that conditions of followForks name: of all processes, or of those in a pid namespace of their own. */
struct followed_pid {
	__u32 pid;
	__u32 in_namespace;
};

struct trie_key {
	__u32 prefix_length; /* bits */
	__u8 bytes[HOOK_TRIE_BYTES];
};

struct address_key {
	__u32 prefix_length;
	__u8 family; /* 4 or 6 */
	__u8 address[16];
	__u8 reserved[3];
};

/* A move of the automaton, at state * classes + class of the byte: the next state, and whether something ends there. */
#define MOVE_OUTPUT 0x80000000u

enum cel_step_kind : __u8 {
	CEL_BEGIN = 0,  /* of an expression: its steps are skipped when no rule that is left wants it */
	CEL_DECIDE = 1, /* its end: rules that want it are no more when `left` is false */
	CEL_ADD = 2,
	CEL_SUBTRACT = 3,
	CEL_AND = 4, /* of bits, as the next two */
	CEL_OR = 5,
	CEL_XOR = 6,
	CEL_EQUAL = 7,
	CEL_NOT_EQUAL = 8,
	CEL_LESS = 9,
	CEL_LESS_OR_EQUAL = 10,
	CEL_BOTH = 11, /* of truth, 0 or 1, as the next; either can decide when the other is not known */
	CEL_EITHER = 12,
};

/* Of what is computed, of comparisons: of what is compared. Registers hold every type as 64 bits, extended by its sign. */
enum cel_step_type : __u8 {
	CEL_TYPE_INT = 0,
	CEL_TYPE_UINT = 1,
	CEL_TYPE_INT32 = 2,
	CEL_TYPE_UINT32 = 3,
	CEL_TYPE_BOOL = 4,
};

/* What a step computes with: the register of that number, or its constant. */
enum cel_operand : __u8 {
	CEL_CONSTANT = 0xff,
};

/* A step of the expressions of a hook, all of which stand one behind the other. */
struct cel_step {
	enum cel_step_kind kind;
	enum cel_step_type type;
	__u8 target; /* register */
	enum cel_operand left;
	enum cel_operand right;
	__u8 reserved;
	__u16 skip;     /* CEL_BEGIN: steps up to the next expression */
	__u64 constant; /* CEL_BEGIN, CEL_DECIDE: the expression's number */
};

enum rate_scope : __u16 {
	RATE_GLOBAL = 0,
	RATE_THREAD = 1,
	RATE_PROCESS = 2,
};

/* Bits. */
enum enforcer_role : __u32 {
	ENFORCER_NOTES = 1 << 0,   /* NotifyEnforcer */
	ENFORCER_ACTS = 1 << 1,    /* the enforcer: matches when something is noted for its policy */
	ENFORCER_FORGETS = 1 << 2, /* CleanupEnforcerNotification */
};

/* What a rule does beside sending. Sets of values: bit n for value n of the hook. */
struct rule_action {
	__u64 interval;   /* ns between events for the same values; 0: no limit */
	__u64 suppressed; /* events that the limit has kept back, counted by the kernel side */
	__u64 acted; /* hits whose operation was denied or process signalled: those that the policy did not only monitor */
	enum rate_scope scope;
	__u16 values; /* of the rule's policy: those that make events the same */
	__u16 track;
	__u16 untrack;
	__u32 policy; /* number for policy_modes */
	__s32 error;  /* what the hooked function returns in place of running; 0: it runs */
	__u32 signal; /* sent to the current process; 0: none */
	__u32 writes; /* 1: what struct rule_writes says */
	enum enforcer_role enforcer;
	__s32 note_error; /* ENFORCER_NOTES: what the enforcers are to do */
	__u32 note_signal;
	__u32 reserved;
};

/* Words of struct pt_regs on every architecture, at most. */
#define REGISTERS_MAX 64

enum write_target : __u8 {
	WRITE_REGISTER = 0,
	WRITE_MEMORY = 1, /* at a register plus an offset */
};

enum write_source : __u8 {
	WRITE_CONSTANT = 0,
	WRITE_SUM = 1,    /* a register plus a constant */
	WRITE_LOADED = 2, /* the word in memory at a register plus a constant */
};

/* One thing that a rule writes when a program of user space passes. Registers are told by their byte offset in struct pt_regs. */
struct user_write {
	enum write_target target;
	enum write_source source;
	__u8 bytes; /* that are written: 1, 2, 4 or 8 */
	__u8 reserved;
	__u16 to;
	__u16 from;
	__s64 offset; /* of the target */
	__u64 value;  /* the constant */
};

enum user_write_limit {
	USER_WRITES_MAX = 32, /* of one rule; a power of two */
};

struct rule_writes {
	__u32 count;
	__u32 reserved;
	struct user_write write[USER_WRITES_MAX];
};

struct rate_key {
	__u64 scope; /* id of the thread or process, or 0; its start time is part of the hash */
	__u64 values_low;
	__u64 values_high;
	__u32 hook;
	__u32 rule;
};

/* A binary's path by its key: what tries can compare. Bytes beyond the path are 0. */
struct binary_path {
	__u8 beginning[HOOK_TRIE_BYTES];
	__u8 end[HOOK_TRIE_BYTES]; /* reversed: the last byte first */
};

#endif
