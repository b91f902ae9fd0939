// SPDX-License-Identifier: Apache-2.0
import type { ValueClass } from './argument-types.ts';
import type { Cursor } from './cursor.ts';
import type { Operand } from './model.ts';
import { ADDRESS_FAMILIES, CAPABILITIES, FILE_TYPES, PROTOCOLS, SOCKET_STATES } from './names.ts';
import { addressOperand } from './operand-address.ts';
import { capabilityMasks } from './operand-capability.ts';
import { namedNumbers, namedRanges } from './operand-named.ts';
import { mapOperand, maskOperand, numberOperand, orderOperand, rangeOperand } from './operand-number.ts';
import { portOperand } from './operand-port.ts';
import { textOperand } from './operand-text.ts';
import type { Operator } from './operators.ts';
import type { ValueScope } from './value-scope.ts';

const PORT = 0xffff;

/**
 * Parses the values of a filter as its operator and the class of what it filters take them; each that cannot be used is
 * reported. undefined when none is left. The plan calls it again for a value whose type was "auto".
 */
export function parseOperand(
  operator: Operator,
  value: ValueClass,
  values: readonly Cursor[],
  scope: ValueScope,
): Operand | undefined {
  const { comparison, side } = operator;
  switch (comparison) {
    case 'equal':
    case 'prefix':
    case 'postfix':
    case 'substring':
      return equalOperand(operator, value, values, scope);
    case 'greater':
    case 'less':
      return orderOperand(comparison, value, values, scope);
    case 'mask':
      return value.of === 'capabilities'
        ? { op: 'mask', values: capabilityMasks(values, scope) }
        : maskOperand(value, values, scope);
    case 'range':
      return rangeOperand(value, values, scope);
    case 'map':
      return value.of === 'capability'
        ? { op: 'numbers', values: namedNumbers(CAPABILITIES, 63, values, scope).map(BigInt), lists: [] }
        : mapOperand(value, values, scope);
    case 'address':
      return addressOperand(side, values, scope);
    case 'port':
      return portOperand(side, values, scope);
    case 'privilegedPort':
      return { op: 'ports', side, ranges: [{ from: 0, to: 1023 }] };
    case 'protocol':
      return { op: 'socketField', field: 'protocol', values: namedRanges(PROTOCOLS, PORT, values, scope) };
    case 'family':
      return {
        op: 'socketField',
        field: 'family',
        values: namedRanges(ADDRESS_FAMILIES, PORT, values, scope),
      };
    case 'state':
      return { op: 'socketField', field: 'state', values: namedRanges(SOCKET_STATES, 0xff, values, scope) };
    case 'fileType':
      return { op: 'fileType', values: namedNumbers(FILE_TYPES, undefined, values, scope) };
    default:
      return undefined;
  }
}

function equalOperand(
  operator: Operator,
  value: ValueClass,
  values: readonly Cursor[],
  scope: ValueScope,
): Operand | undefined {
  if (operator.comparison !== 'equal') return textOperand(operator, value, values, scope);
  switch (value.of) {
    case 'integer':
      return numberOperand(value, values, scope);
    case 'capability':
      return {
        op: 'numbers',
        values: namedNumbers(CAPABILITIES, 63, values, scope).map(BigInt),
        lists: [],
      };
    case 'capabilities':
      return { op: 'numbers', values: capabilityMasks(values, scope), lists: [] };
    case 'unknown':
      // Most fields of tracepoints are numbers; what is none cannot be meant as one.
      return numberOperand(value, values, undefined) ?? textOperand(operator, value, values, scope);
    default:
      return textOperand(operator, value, values, scope);
  }
}
