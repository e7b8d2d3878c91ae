import { as, type Json, type JsonNode } from './ast.ts';

const INT4_MAX = 2_147_483_647n;
const INT4_MIN = -2_147_483_648n;

/** Truth of a constant condition: TRUE, FALSE, or a comparison of two integers; undefined for anything else. */
export function truthOf(node: Json | undefined): boolean | undefined {
  const constant = as('A_Const', node);
  if (constant?.boolval !== undefined) return as('boolval', constant)?.boolval === true;
  const compare = as('A_Expr', node);
  if (compare?.kind !== 'AEXPR_OP') return undefined;
  const [left, right] = [integerOf(compare.lexpr), integerOf(compare.rexpr)];
  if (left === undefined || right === undefined) return undefined;
  switch (operatorOf(compare)) {
    case '=':
      return left === right;
    case '<>':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    default:
      return undefined;
  }
}

export function truth(value: boolean): JsonNode {
  return { A_Const: { boolval: value ? { boolval: true } : {} } };
}

/** `10 / 2` as `5`: four-byte integers alone, where the result is one too; undefined for anything else. */
export function foldedInteger(expr: JsonNode): JsonNode | undefined {
  const [left, right] = [integerOf(expr.lexpr), integerOf(expr.rexpr)];
  if (expr.kind !== 'AEXPR_OP' || left === undefined || right === undefined) return undefined;
  const value = calculate(operatorOf(expr), left, right);
  if (value === undefined || value > INT4_MAX || value < INT4_MIN) return undefined;
  return { A_Const: { ival: value === 0n ? {} : { ival: Number(value) } } };
}

function calculate(operator: string | undefined, left: bigint, right: bigint): bigint | undefined {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return right === 0n ? undefined : left / right; // both cut towards zero
    default:
      return undefined;
  }
}

function integerOf(node: Json | undefined): bigint | undefined {
  const integer = as('ival', as('A_Const', node));
  if (integer === undefined) return undefined;
  return typeof integer.ival === 'number' ? BigInt(integer.ival) : 0n;
}

function operatorOf(expr: JsonNode): string | undefined {
  const name = Array.isArray(expr.name) && expr.name.length === 1 ? as('String', expr.name[0])?.sval : undefined;
  return typeof name === 'string' ? name : undefined;
}
