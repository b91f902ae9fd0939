// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { GuestKernel } from './kernel.ts';

/** The virtio ports between guest.sh and the host; each is a unix socket of that name in the run's directory. */
export const PORTS = ['stdin', 'stdout', 'stderr'] as const;
export type Port = (typeof PORTS)[number];

export interface Machine {
  kernel: GuestKernel;
  initramfs: string;
  /** of the run: sockets and the console's log */
  directory: string;
  cpus: number;
  /** as QEMU writes sizes: "4G", "512M" */
  memory: string;
  /** added to the kernel's command line, and so stronger than what stands there */
  append: string;
}

/** QEMU's command line: emulated (stock kernels do not run under every nested KVM), no display, no network. */
export function qemuCommand(machine: Machine): string[] {
  const { directory, kernel } = machine;
  const commandLine = [
    'console=ttyS0 quiet',
    // A guest that panics or oopses ends at once (with -no-reboot) instead of going on broken.
    'panic=-1 oops=panic',
    'lsm=landlock,lockdown,yama,apparmor,bpf',
    machine.append,
  ].join(' ');
  const chardevs = PORTS.flatMap((port, index) => [
    ...['-chardev', `socket,id=${port},path=${join(directory, port)}`],
    ...['-device', `virtserialport,chardev=${port},name=${port},nr=${index + 1}`],
  ]);
  return [
    'qemu-system-x86_64',
    ...['-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', String(machine.cpus)],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    // virtiofsd reads and writes the guest's memory.
    ...['-m', machine.memory, '-object', `memory-backend-memfd,id=memory,size=${machine.memory},share=on`],
    ...['-numa', 'node,memdev=memory'],
    ...['-chardev', `socket,id=host,path=${join(directory, 'virtiofsd')}`],
    ...['-device', 'vhost-user-fs-pci,chardev=host,tag=host'],
    ...['-device', 'virtio-serial-pci', ...chardevs],
    ...['-serial', `file:${join(directory, 'console')}`],
    ...['-kernel', join(kernel.directory, 'boot', `vmlinuz-${kernel.release}`)],
    ...['-initrd', machine.initramfs, '-append', commandLine.trim()],
  ];
}
