// SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0)
/*
 * Takes the hash of the file that an LSM hook is about, when a policy wants it (lib/ima_state.h says how).
 *
 * Guarantee: a hash in an event is that of IMA for this file at this hit, or the one that IMA had measured before and holds to
 * be still right. Without one the event says so.
 *
 *   ima_file   a hook whose first argument is the file
 *   ima_bprm   one whose first argument is the binary that is being executed
 *
 * User space sets the hook before load. Failure side: the hit passes.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include "lib/ima_state.h"

char LICENSE[] SEC("license") = "GPL";

/* enum hash_algo, include/uapi/linux/hash_info.h */
static __always_inline __u32 digest_length(long algorithm)
{
	switch (algorithm) {
	case 0 ... 1: /* md4, md5 */
	case 8:       /* rmd128 */
	case 14:      /* tgr128 */
		return 16;
	case 2 ... 3: /* sha1, rmd160 */
	case 15:      /* tgr160 */
		return 20;
	case 16: /* tgr192 */
		return 24;
	case 7: /* sha224 */
		return 28;
	case 10: /* rmd320 */
		return 40;
	case 5:  /* sha384 */
	case 12: /* wp384 */
	case 21: /* sha3-384 */
		return 48;
	case 6:  /* sha512 */
	case 13: /* wp512 */
	case 19: /* streebog512 */
	case 22: /* sha3-512 */
		return 64;
	default: /* sha256 and others of 256 bits */
		return 32;
	}
}

static __always_inline int take_hash(struct file *file)
{
	struct ima_state *state = ima_state_find();
	long algorithm;

	if (!state || state->phase == IMA_HASHING)
		return 0;
	if (state->phase != IMA_WANTED || !file) {
		state->phase = IMA_NONE;
		return 0;
	}
	state->phase = IMA_HASHING;
	algorithm = bpf_ima_file_hash(file, state->digest, sizeof(state->digest));
	state->algorithm = algorithm;
	state->digest_length = digest_length(algorithm);
	state->phase = algorithm < 0 ? IMA_NONE : IMA_DONE;
	return 0;
}

SEC("lsm.s")
int ima_file(__u64 *context)
{
	return take_hash((struct file *)context[0]);
}

SEC("lsm.s")
int ima_bprm(__u64 *context)
{
	return take_hash(((struct linux_binprm *)context[0])->file);
}
