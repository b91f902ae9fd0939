// SPDX-License-Identifier: Apache-2.0
// grant-capability FILE NUMBER: gives a program one capability, permitted and effective (as setcap NAME+ep does).
#include <linux/capability.h>
#include <sys/xattr.h>

#include "report.h"

int main(int argc, char **argv)
{
	struct vfs_cap_data data = { .magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE };
	int number;

	if (argc != 3)
		die("grant-capability");
	number = atoi(argv[2]);
	data.data[number / 32].permitted = 1u << number % 32;
	check(setxattr(argv[1], "security.capability", &data, XATTR_CAPS_SZ_2, 0), "setxattr");
	return 0;
}
