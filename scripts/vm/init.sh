#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# The guest's first process, in the initramfs. It makes the host's root the guest's root, with an overlay above it so
# that nothing but the repository is written through, then hands over to guest.sh there.
# /guest/settings (written for each run) gives: repository, shared, kernel_files, mark.

/bin/busybox --install -s /bin
export PATH=/bin
die() {
	echo "guest: $1"
	poweroff -f
}

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
. /guest/settings || die 'the settings cannot be read'
for module in /modules/*.ko; do
	[ ! -e "$module" ] || insmod "$module" || die "$module cannot be loaded"
done

# The host's root, as virtiofsd shows it, and the overlay whose upper layer is gone with the guest.
mount -t virtiofs host /host || die 'the host root cannot be mounted'
mount -t tmpfs -o mode=755 layers /layers
mkdir /layers/upper /layers/work
mount -t overlay -o lowerdir=/host,upperdir=/layers/upper,workdir=/layers/work root /root ||
	die 'the overlay cannot be mounted'

# on TYPE TARGET [OPTIONS]
on() {
	mkdir -p "/root$2"
	mount -t "$1" -o "${3:-rw}" "$1" "/root$2" || echo "guest: no $1 on $2"
}
on proc /proc
on sysfs /sys
on devtmpfs /dev
on devpts /dev/pts mode=620,ptmxmode=666
on tmpfs /dev/shm mode=1777
on tmpfs /run mode=755
on tmpfs /tmp mode=1777
on securityfs /sys/kernel/security
on debugfs /sys/kernel/debug
on tracefs /sys/kernel/tracing
on bpf /sys/fs/bpf mode=700
on cgroup2 /sys/fs/cgroup

# bind SOURCE TARGET OPTIONS: a directory of the host past the overlay.
bind() {
	mkdir -p "/root$2"
	target=$(realpath "/root$2")
	mount -o bind "/host$1" "$target" || die "$1 cannot be bound on $2"
	mount -o "remount,bind,$3" "$target" || die "$2 cannot be remounted as $3"
}
bind "$repository" "$repository" rw
[ -z "$shared" ] || bind "$shared" "$shared" ro
bind "$kernel_files/lib/modules" /lib/modules ro
bind "$kernel_files/boot" /boot ro

hostname guest
ip link set lo up
cp -r /guest /root/run/guest
# The overlay and the binds hold what they need of these.
umount -l /host /layers /dev /sys /proc
exec switch_root /root /bin/sh "$repository/scripts/vm/guest.sh"
