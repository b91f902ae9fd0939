// SPDX-License-Identifier: Apache-2.0
import type { PolicyKind } from './crd.ts';
import type { Cursor } from './cursor.ts';
import {
  LABEL_NAME,
  QUALIFIED_NAME,
  SUBDOMAIN,
  isDnsLabel,
  isLabelValue,
  isQualifiedName,
  isSubdomain,
} from './kubernetes-names.ts';
import type { OnProblem } from './problem.ts';
import { ProblemCode } from './problem.ts';
import { quote } from './quote.ts';

/** Kubernetes' limit for all annotations of an object. */
const ANNOTATIONS_BYTES = 256 << 10;

/** Checks what Kubernetes asks of the metadata of every object (apimachinery, ValidateObjectMeta). */
export function checkMetadata(kind: PolicyKind, metadata: Cursor, onProblem: OnProblem): void {
  const report = (at: Cursor['at'], message: string, remedy?: string): void =>
    onProblem({ code: ProblemCode.Metadata, at, message, ...(remedy !== undefined && { remedy }) });

  if (metadata.isSoundAt('name')) checkName(metadata, report);
  if (metadata.isSoundAt('namespace')) checkNamespace(kind, metadata, report);
  for (const [field, label] of entries(metadata, 'labels')) {
    if (!isQualifiedName(field))
      report(label.nameAt, `Cannot use label ${quote(field)}: expected ${QUALIFIED_NAME}`);
    if (!isLabelValue(label.text))
      report(
        label.at,
        `Cannot use ${quote(label.text)} as label ${quote(field)}: expected at most 63 letters, digits, "-", "_" and "."`,
      );
  }
  let bytes = 0;
  for (const [field, annotation] of entries(metadata, 'annotations')) {
    bytes += Buffer.byteLength(field) + Buffer.byteLength(annotation.text);
    if (!isQualifiedName(field.toLowerCase()))
      report(annotation.nameAt, `Cannot use annotation ${quote(field)}: expected ${QUALIFIED_NAME}`);
    if (bytes > ANNOTATIONS_BYTES && bytes - Buffer.byteLength(annotation.text) <= ANNOTATIONS_BYTES)
      report(
        annotation.nameAt,
        `Cannot use so many annotations: expected at most ${ANNOTATIONS_BYTES} bytes`,
      );
  }
  for (const finalizer of metadata.list('finalizers')) {
    if (!isQualifiedName(finalizer.text))
      report(finalizer.at, `Cannot use finalizer ${quote(finalizer.text)}: expected ${QUALIFIED_NAME}`);
  }
  for (const owner of metadata.list('ownerReferences')) {
    const missing = ['apiVersion', 'kind', 'name', 'uid'].find((field) => owner.textOf(field) === '');
    if (missing !== undefined)
      report(owner.startAt, `Cannot use the owner: ${missing} is missing`, 'Add it.');
  }
  for (const manager of metadata.list('managedFields')) {
    const operation = manager.textOf('operation');
    if (operation !== 'Apply' && operation !== 'Update')
      report(
        manager.startAt,
        `Cannot use operation ${quote(operation)} in managedFields: expected Apply or Update`,
      );
    const type = manager.textOf('fieldsType');
    if (type !== '' && type !== 'FieldsV1')
      report(manager.startAt, `Cannot use fieldsType ${quote(type)}: expected FieldsV1`);
  }
}

type Report = (at: Cursor['at'], message: string, remedy?: string) => void;

function checkName(metadata: Cursor, report: Report): void {
  const generateName = metadata.field('generateName');
  // The generated part follows, so a dash may stand at the end.
  if (
    generateName !== undefined &&
    generateName.text !== '' &&
    !isSubdomain(generateName.text.replace(/-$/, 'a'))
  )
    report(generateName.at, `Cannot use generateName ${quote(generateName.text)}: expected ${SUBDOMAIN}`);
  const name = metadata.field('name');
  if (name === undefined || name.text === '')
    report((name ?? metadata).nameAt, 'Cannot use the policy: metadata.name is missing', 'Add "name".');
  else if (!isSubdomain(name.text)) {
    const nearest = name.text.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-');
    report(
      name.at,
      `Cannot use name ${quote(name.text)}: expected ${SUBDOMAIN}`,
      isSubdomain(nearest) ? `Call it "${nearest}".` : undefined,
    );
  }
}

function checkNamespace(kind: PolicyKind, metadata: Cursor, report: Report): void {
  const namespace = metadata.field('namespace');
  const name = namespace?.text ?? '';
  if (kind === 'TracingPolicy') {
    if (name !== '' && namespace !== undefined)
      report(
        namespace.nameAt,
        `Cannot use namespace ${quote(name)}: a TracingPolicy has none`,
        'Delete it, or make this a TracingPolicyNamespaced.',
      );
  } else if (name === '') {
    report(
      (namespace ?? metadata).nameAt,
      'Cannot use the policy: metadata.namespace is missing',
      'A TracingPolicyNamespaced applies to the pods of its namespace; a TracingPolicy has none.',
    );
  } else if (namespace !== undefined && !isDnsLabel(name)) {
    report(namespace.at, `Cannot use namespace ${quote(name)}: expected ${LABEL_NAME}`);
  }
}

/** The fields of a mapping of names to texts. */
function entries(metadata: Cursor, field: string): [string, Cursor][] {
  const mapping = metadata.field(field);
  return (mapping?.names ?? []).flatMap((name): [string, Cursor][] => {
    const value = mapping?.field(name);
    return value === undefined ? [] : [[name, value]];
  });
}
