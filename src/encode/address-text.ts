// SPDX-License-Identifier: Apache-2.0
import { AF_INET, AF_INET6 } from './socket-names.ts';

/** The address that begins at `start`; undefined for a family without one. */
export function addressText(view: DataView, start: number, family: number): string | undefined {
  if (family === AF_INET) return ipv4Text(view, start);
  return family === AF_INET6 ? ipv6Text(view, start) : undefined;
}

function ipv4Text(view: DataView, start: number): string {
  const byte = (at: number): number => view.getUint8(start + at);
  return `${byte(0)}.${byte(1)}.${byte(2)}.${byte(3)}`;
}

/** RFC 5952: the longest run of zero groups is `::`, the first of equal ones; one group alone is not shortened. */
function ipv6Text(view: DataView, start: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(start + index * 2));
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (isMapped) return `::ffff:${ipv4Text(view, start + 12)}`;
  let [from, length] = [-1, 1];
  for (let index = 0; index < 8; index++) {
    let end = index;
    while (end < 8 && groups[end] === 0) end++;
    if (end - index > length) [from, length] = [index, end - index];
    index = Math.max(index, end);
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (from < 0) return text(groups);
  return `${text(groups.slice(0, from))}::${text(groups.slice(from + length))}`;
}
