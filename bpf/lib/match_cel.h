/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Expressions (CelExpr): steps over registers, made by src/plan/cel-program.ts. An expression that several rules want stands
 * there once, and is computed only while one of them is left. Sums wrap at the width of their type, as Tetragon's do.
 */
#ifndef MERLON_MATCH_CEL_H
#define MERLON_MATCH_CEL_H

#include "dimension.h"
#include "hook_values.h"

/* Made only for a hook with expressions; user space sets the sizes. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cel_step);
} cel_steps SEC(".maps");

/* By the number of an expression: the rules that want it to be true. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, 4);
	__uint(value_size, 8);
} cel_rules SEC(".maps");

static __always_inline __u64 *cel_rules_of(const struct cel_step *step)
{
	__u32 expression = step->constant;

	return bpf_map_lookup_elem(&cel_rules, &expression);
}

static __always_inline bool cel_is_wanted(struct hook_scratch *scratch, const struct cel_step *step)
{
	__u64 *rules = cel_rules_of(step);
	__u64 any = 0;

	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (!rules || w >= config.words)
			break;
		any |= scratch->mask[w] & rules[w];
	}
	return any;
}

/* `found` holds the rules that match when the expression is not known. */
static __always_inline void cel_decide(struct hook_scratch *scratch, const struct cel_step *step, __u64 truth,
				       __u64 unknown)
{
	__u64 *rules = cel_rules_of(step);

	if (!rules || (truth && !unknown))
		return;
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->mask[w] &= ~rules[w] | (unknown ? scratch->found[w] : 0);
	}
}

static __always_inline __u32 cel_index(enum cel_operand operand)
{
	__u32 index = operand;

	asm volatile("%0 &= %1" : "+r"(index) : "i"(HOOK_CEL_REGISTERS - 1));
	return index;
}

static __always_inline __u64 cel_operand(struct hook_scratch *scratch, const struct cel_step *step,
					 enum cel_operand operand)
{
	return operand == CEL_CONSTANT ? step->constant : scratch->cel_register[cel_index(operand)];
}

static __always_inline __u64 cel_is_unknown(struct hook_scratch *scratch, enum cel_operand operand)
{
	return operand == CEL_CONSTANT ? 0 : scratch->cel_unknown >> cel_index(operand) & 1;
}

static __always_inline bool cel_is_less(enum cel_step_type type, __u64 left, __u64 right)
{
	if (type == CEL_TYPE_INT || type == CEL_TYPE_INT32)
		return (__s64)left < (__s64)right;
	return left < right;
}

static __always_inline void cel_compute(struct hook_scratch *scratch, const struct cel_step *step, __u64 left,
					__u64 left_unknown)
{
	__u64 right = cel_operand(scratch, step, step->right);
	__u64 right_unknown = cel_is_unknown(scratch, step->right);
	__u64 unknown = left_unknown | right_unknown;
	__u32 target = cel_index(step->target);
	__u64 result;

	switch (step->kind) {
	case CEL_ADD:
		result = left + right;
		break;
	case CEL_SUBTRACT:
		result = left - right;
		break;
	case CEL_AND:
		result = left & right;
		break;
	case CEL_OR:
		result = left | right;
		break;
	case CEL_XOR:
		result = left ^ right;
		break;
	case CEL_EQUAL:
		result = left == right;
		break;
	case CEL_NOT_EQUAL:
		result = left != right;
		break;
	case CEL_LESS:
		result = cel_is_less(step->type, left, right);
		break;
	case CEL_LESS_OR_EQUAL:
		result = !cel_is_less(step->type, right, left);
		break;
	case CEL_BOTH:
		result = left & right;
		if (!(left | left_unknown) || !(right | right_unknown))
			unknown = 0;
		break;
	default:
		result = left | right;
		if (result)
			unknown = 0;
		break;
	}
	if (step->type == CEL_TYPE_INT32)
		result = (__s64)(__s32)result;
	else if (step->type == CEL_TYPE_UINT32)
		result = (__u32)result;
	/* Truth that is not known is 0, so that it decides nothing. */
	scratch->cel_register[target] = unknown ? 0 : result;
	scratch->cel_unknown = (scratch->cel_unknown & ~(1ull << target)) | unknown << target;
}

static long cel_run(__u32 index, struct hook_scratch **context)
{
	struct hook_scratch *scratch = *context;
	__u32 next = scratch->cel_next;
	struct cel_step *step = bpf_map_lookup_elem(&cel_steps, &next);
	__u64 unknown;
	__u64 left;

	if (!step)
		return 1;
	scratch->cel_next = next + 1;
	if (step->kind == CEL_BEGIN) {
		if (!cel_is_wanted(scratch, step))
			scratch->cel_next = next + 1 + step->skip;
		return 0;
	}
	left = cel_operand(scratch, step, step->left);
	unknown = cel_is_unknown(scratch, step->left);
	if (step->kind == CEL_DECIDE)
		cel_decide(scratch, step, left, unknown);
	else
		cel_compute(scratch, step, left, unknown);
	return 0;
}

static __noinline long match_cel(struct hook_scratch *scratch, __u32 d)
{
	struct hook_scratch *context = scratch;

	if (d >= HOOK_DIMENSIONS_MAX)
		return 0;
	scratch->cel_next = 0;
	scratch->cel_unknown = 0;
	for (__u32 i = 0; i < HOOK_VALUES_MAX; i++) {
		if (!(config.dimension[d].reads >> i & 1))
			continue;
		value_load(scratch, i);
		scratch->cel_register[i] = scratch->value[i].number;
		if (scratch->value[i].flags & VALUE_UNREADABLE)
			scratch->cel_unknown |= 1ull << i;
	}
	for (__u32 w = 0; w < HOOK_WORDS_MAX; w++) {
		if (w >= config.words)
			break;
		scratch->found[w] = config.dimension[d].on_error[w];
	}
	bpf_loop(config.dimension[d].count, cel_run, &context, 0);
	return 0;
}

#endif
