// SPDX-License-Identifier: Apache-2.0
import { parse } from '@bufbuild/cel';
import type { CelNode, CelOperation, CelType } from './cel-node.ts';
import type { ArgumentType } from './model.ts';
import { alternatives } from './quote.ts';

/** Why an expression cannot be used, and at which of its characters, from 0. */
export class CelProblem extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.name = 'CelProblem';
    this.offset = offset;
  }
}

type Expression = NonNullable<ReturnType<typeof parse>['expr']>;

const LONGEST = 4096;
const FUNCTIONS: Readonly<Record<string, CelOperation>> = {
  '_+_': 'add',
  '_-_': 'subtract',
  and: 'and',
  or: 'or',
  xor: 'xor',
  not: 'not',
  int32: 'int32',
  uint32: 'uint32',
  '_==_': 'equal',
  '_!=_': 'notEqual',
  '_<_': 'less',
  '_<=_': 'lessOrEqual',
  '_>_': 'greater',
  '_>=_': 'greaterOrEqual',
  '_&&_': 'logicalAnd',
  '_||_': 'logicalOr',
  '!_': 'logicalNot',
};
/** What there is, for messages. */
export const CEL_LANGUAGE =
  '+, -, &&, ||, !, comparisons, int32(), uint32(), and(), or(), xor(), not(), integers, true, false and argN';
/** Types of arguments that an expression can name. */
const ARGUMENT_TYPES: Partial<Readonly<Record<ArgumentType, CelType>>> = {
  int: 'int32',
  uint32: 'uint32',
  long: 'int',
  uint64: 'uint',
};

/**
 * Parses the expression of a CelExpr filter and checks that it is a condition over the hook's arguments in the part of
 * CEL that filters evaluate: integers and truth, without conversions that are not written. Throws CelProblem.
 */
export function parseCelExpression(text: string, args: readonly { readonly type: ArgumentType }[]): CelNode {
  if (text.length > LONGEST) throw new CelProblem(0, `it is longer than ${LONGEST} characters`);
  const { expr, sourceInfo } = parseText(text);
  const node = new Checker(text, args, sourceInfo?.positions ?? {}).check(expr);
  if (node.type !== 'bool') throw new CelProblem(0, `it is of type ${node.type}, not a condition`);
  return node;
}

function parseText(text: string): ReturnType<typeof parse> {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) throw new CelProblem(0, 'it is nested too deeply');
    const { location, found } = error as { location?: { start?: { offset?: number } }; found?: string };
    const offset = location?.start?.offset ?? 0;
    throw new CelProblem(
      offset,
      found === '' || found === undefined ? 'it ends too early' : 'it is no CEL from here on',
    );
  }
}

class Checker {
  readonly #text: string;
  readonly #args: readonly { readonly type: ArgumentType }[];
  readonly #positions: Readonly<Record<string, number>>;

  constructor(
    text: string,
    args: readonly { readonly type: ArgumentType }[],
    positions: Readonly<Record<string, number>>,
  ) {
    this.#text = text;
    this.#args = args;
    this.#positions = positions;
  }

  check(expression: Expression): CelNode {
    const { exprKind } = expression;
    switch (exprKind.case) {
      case 'constExpr': {
        const { constantKind } = exprKind.value;
        if (constantKind.case === 'int64Value') return this.#integer(expression, 'int', constantKind.value);
        if (constantKind.case === 'uint64Value') return this.#integer(expression, 'uint', constantKind.value);
        if (constantKind.case === 'boolValue')
          return { kind: 'constant', type: 'bool', value: constantKind.value ? 1n : 0n };
        return this.#refuse(expression, 'it has a constant that is no integer');
      }
      case 'identExpr':
        return this.#argument(expression, exprKind.value.name);
      case 'callExpr': {
        const { function: name, args, target } = exprKind.value;
        const operation = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
        if (operation === undefined || target !== undefined)
          return this.#refuse(expression, `it uses ${readable(name)}`);
        return this.#call(expression, name, operation, args);
      }
      default:
        return this.#refuse(expression, 'it uses a part of CEL that filters do not have');
    }
  }

  /** The parser takes digits without end. */
  #integer(expression: Expression, type: 'int' | 'uint', value: bigint): CelNode {
    const held = type === 'int' ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value);
    if (held !== value) return this.#refuse(expression, `${value} does not fit ${type}, which has 64 bits`);
    return { kind: 'constant', type, value };
  }

  #argument(expression: Expression, name: string): CelNode {
    const entry = /^arg(0|[1-9]\d{0,3})$/.exec(name)?.[1];
    const argument = entry === undefined ? undefined : this.#args[Number(entry)];
    if (entry === undefined || argument === undefined) {
      const names = this.#args.map((_, index) => `arg${index}`);
      const known = names.length === 0 ? 'the hook has no args' : `the hook has ${alternatives(names)}`;
      return this.#refuse(expression, `it names ${name}, ${known.replace(/ or (?=arg\d+$)/, ' and ')}`);
    }
    const type = ARGUMENT_TYPES[argument.type];
    if (type === undefined)
      return this.#refuse(
        expression,
        `${name} is of type ${argument.type}, which is no integer of 32 or 64 bits`,
      );
    return { kind: 'argument', type, entry: Number(entry) };
  }

  #call(expression: Expression, name: string, operation: CelOperation, args: readonly Expression[]): CelNode {
    const operands = args.map((argument) => this.check(argument));
    const type = resultType(
      operation,
      operands.map((operand) => operand.type),
    );
    if (type !== undefined) return { kind: 'call', type, operation, operands };
    const types = operands.map((operand) => operand.type).join(' and ');
    const wrong = operation.startsWith('logical')
      ? args[operands.findIndex((operand) => operand.type !== 'bool')]
      : undefined;
    return this.#refuse(
      wrong ?? expression,
      `${readable(name)} does not take ${types === '' ? 'nothing' : types}`,
    );
  }

  #refuse(expression: Expression, reason: string): never {
    const position = this.#positions[String(expression.id)] ?? 0;
    // The parser places an operator at the white space before it.
    const space = /^\s*/.exec(this.#text.slice(position))?.[0].length ?? 0;
    throw new CelProblem(position + space, reason);
  }
}

/** undefined when the operation does not take such operands. */
function resultType(operation: CelOperation, types: readonly CelType[]): CelType | undefined {
  const [first, second] = types;
  const alike = types.length === 2 && first === second;
  const integer = first !== 'bool';
  switch (operation) {
    case 'logicalAnd':
    case 'logicalOr':
      return alike && !integer ? 'bool' : undefined;
    case 'logicalNot':
      return types.length === 1 && !integer ? 'bool' : undefined;
    case 'equal':
    case 'notEqual':
      return alike ? 'bool' : undefined;
    case 'less':
    case 'lessOrEqual':
    case 'greater':
    case 'greaterOrEqual':
      return alike && integer ? 'bool' : undefined;
    case 'int32':
      return types.length === 1 && first === 'int' ? 'int32' : undefined;
    case 'uint32':
      return types.length === 1 && first === 'uint' ? 'uint32' : undefined;
    case 'not':
      return types.length === 1 && integer ? first : undefined;
    default:
      return alike && integer ? first : undefined;
  }
}

/** `_*_` as `"*"`, `f` as `"f"` */
function readable(name: string): string {
  return `"${name.replaceAll('_', '').replace('@', '')}"`;
}
