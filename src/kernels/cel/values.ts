/**
 * Values of an evaluation: null, booleans, numbers, strings, lists, maps (decoded JSON), Date for timestamps,
 * CelDuration. Two more steer rules: `undefined` = an operand was null or missing, so nothing can be said;
 * WRONG = an operand had the wrong type.
 */
export const WRONG: unique symbol = Symbol('wrong type');

export class CelDuration {
  readonly ms: number;
  constructor(ms: number) {
    this.ms = ms;
  }
}

export function isNullish(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}

/** Result of an operator whose operands do not fit: nothing can be said, or wrong type. */
export function misfit(a: unknown, b: unknown): undefined | typeof WRONG {
  if (a === WRONG || b === WRONG) return WRONG;
  return isNullish(a) || isNullish(b) ? undefined : WRONG;
}

/** Deep equality of JSON values, bounded in depth; numbers by value. */
export function celEquals(a: unknown, b: unknown, depth = 0): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || depth > 64) return false;
  if (a instanceof Date) return b instanceof Date && a.getTime() === b.getTime();
  if (a instanceof CelDuration) return b instanceof CelDuration && a.ms === b.ms;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, i) => celEquals(item, b[i], depth + 1));
  }
  if (Array.isArray(b)) return false;
  const left = a as Record<string, unknown>; // plain maps from here on
  const right = b as Record<string, unknown>;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  return keys.every((key) => Object.hasOwn(right, key) && celEquals(left[key], right[key], depth + 1));
}

/** -1, 0, 1, or a misfit: numbers, strings, booleans, timestamps, durations compare with their own kind. */
export function compareValues(a: unknown, b: unknown): number | undefined | typeof WRONG {
  if (typeof a === 'number' && typeof b === 'number') return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (a instanceof Date && b instanceof Date) return Math.sign(a.getTime() - b.getTime());
  if (a instanceof CelDuration && b instanceof CelDuration) return Math.sign(a.ms - b.ms);
  return misfit(a, b);
}

export function arithmetic(op: string, a: unknown, b: unknown): unknown {
  if (typeof a === 'number' && typeof b === 'number') return ofNumbers(op, a, b);
  if (op === '+') {
    if (typeof a === 'string' && typeof b === 'string') return a + b;
    if (Array.isArray(a) && Array.isArray(b)) return [...a, ...b];
    if (a instanceof CelDuration && b instanceof CelDuration) return new CelDuration(a.ms + b.ms);
    if (a instanceof Date && b instanceof CelDuration) return new Date(a.getTime() + b.ms);
    if (a instanceof CelDuration && b instanceof Date) return new Date(a.ms + b.getTime());
  }
  if (op === '-') {
    if (a instanceof Date && b instanceof Date) return new CelDuration(a.getTime() - b.getTime());
    if (a instanceof Date && b instanceof CelDuration) return new Date(a.getTime() - b.ms);
    if (a instanceof CelDuration && b instanceof CelDuration) return new CelDuration(a.ms - b.ms);
  }
  return misfit(a, b);
}

function ofNumbers(op: string, a: number, b: number): unknown {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b === 0 ? WRONG : a / b;
    default:
      return b === 0 ? WRONG : a % b;
  }
}
