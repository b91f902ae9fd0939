// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Types for btf.test.ts, which states every offset. */
typedef unsigned long long u64;

struct inner {
	u64 value;
	struct inner *next;
	short small;
};

enum colour { RED = 1, HIGH = 0xffffffff };
enum signed_values { MINUS = -1, PLUS = 1 };
enum large { LARGE = 1ull << 40 };

struct outer {
	unsigned int number;
	struct {
		struct {
			u64 value;
			u64 other;
		} inner;
	};
	const struct inner *pointer;
	struct inner array[3];
	short matrix[2][3];
	union {
		u64 whole;
		struct {
			enum colour in_union;
			union {
				int deep_number;
			};
		};
	};
	unsigned int first_bits : 3;
	unsigned int more_bits : 12;
	int (*call)(void *argument);
	char *names[2];
	unsigned char flexible[];
};

struct outer *outer;
enum large large;
enum signed_values signed_values;
