// SPDX-License-Identifier: Apache-2.0

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAME_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** What a name must be, for messages. */
export const SUBDOMAIN =
  'lower-case letters, digits, "-" and ".", with a letter or digit at both ends of each part';
export const LABEL_NAME =
  'at most 63 lower-case letters, digits and "-", with a letter or digit at both ends';
export const QUALIFIED_NAME = '[PREFIX/]NAME, NAME of at most 63 letters, digits, "-", "_" and "."';

/** A DNS subdomain (RFC 1123), which the name of an object is. */
export function isSubdomain(name: string): boolean {
  return name.length <= 253 && name.split('.').every((part) => LABEL.test(part));
}

/** A DNS label (RFC 1123), which the name of a namespace is. */
export function isDnsLabel(name: string): boolean {
  return name.length <= 63 && LABEL.test(name);
}

/** What names a label, an annotation or a finalizer. */
export function isQualifiedName(name: string): boolean {
  const parts = name.split('/');
  const own = parts.pop() ?? '';
  return own.length <= 63 && NAME_PART.test(own) && parts.length < 2 && parts.every(isSubdomain);
}

/** The value of a label. */
export function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= 63 && NAME_PART.test(value));
}
