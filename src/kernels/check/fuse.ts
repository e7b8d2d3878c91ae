import type { DataRecord } from '../../core/record.ts';
import { type Check, passes, type ValueCheck } from './check.ts';

/** Checks a word of the result holds; 31 keeps the words small integers. */
const BITS = 31;

/** 0 when every check passes; else 1, and bit i % 31 of word i / 31 of `failed` is set for each check i that does not. */
export type Predicate = (record: DataRecord, data: unknown, time: number, failed: Int32Array) => 0 | 1;

export interface FusedChecks {
  readonly predicate: Predicate;
  /** Words `failed` must have. */
  readonly words: number;
  /** False where the runtime forbids generated code. */
  readonly generated: boolean;
}

/**
 * All checks of a step as one function.
 *
 * Idea: the common record is valid, so one straight run over the fields, each read once, sets a bit a failed check and
 * details are worked out only when a bit is set. The function's text is made of fixed templates, slot numbers and
 * property names escaped as JSON; constants are passed as data. Fields that are no plain own property are read
 * through their slots, and a record that is no map goes the way of closures altogether.
 * Cost: 4 to 10 ns a check; closures about eight times that.
 *
 * Source: Neumann 2011, Efficiently compiling efficient query plans (the idea of fusing), METHODS of this project.
 */
export function fuseChecks(checks: readonly Check[], options: { readonly generate?: boolean } = {}): FusedChecks {
  const words = Math.max(1, Math.ceil(checks.length / BITS));
  const closures = closurePredicate(checks, words);
  const generated = options.generate === false ? undefined : generate(checks, words, closures);
  return { predicate: generated ?? closures, words, generated: generated !== undefined };
}

export function hasFailed(failed: Int32Array, check: number): boolean {
  return (failed[(check / BITS) | 0]! & (1 << (check % BITS))) !== 0;
}

function closurePredicate(checks: readonly Check[], words: number): Predicate {
  return (record, data, time, failed) => {
    let any: 0 | 1 = 0;
    for (let w = 0; w < words; w++) failed[w] = 0;
    for (let i = 0; i < checks.length; i++) {
      const check = checks[i]!;
      if (check.shared?.(data, record) ?? passes(check, record, data, time)) continue;
      const word = (i / BITS) | 0;
      failed[word] = failed[word]! | (1 << (i % BITS));
      any = 1;
    }
    return any;
  };
}

/** Reads `d["name"]` are own properties: not for names every object inherits. */
export function isPlainName(name: string): boolean {
  return name !== '' && !/[.[\]/]/.test(name) && !(name in Object.prototype);
}

function generate(checks: readonly Check[], words: number, fallback: Predicate): Predicate | undefined {
  const constants: unknown[] = [];
  const constant = (value: unknown): string => `k${constants.push(value) - 1}`;
  const body: string[] = [];
  for (const [field, indexes] of byField(checks)) {
    if (field === undefined) {
      for (const i of indexes) body.push(`if (!${constant(callOf(checks[i]!))}(record, d, time)) ${mark(i)}`);
    } else body.push(...fieldBlock(checks, field, indexes, constant));
  }
  const masks = Array.from({ length: words }, (_, w) => `m${w}`);
  const text = [
    `"use strict"; const [${constants.map((_, i) => `k${i}`).join(', ')}] = constants;`,
    'return function predicate(record, d, time, failed) {',
    'if (typeof d !== "object" || d === null || isList(d)) return fallback(record, d, time, failed);',
    `let v, w, ${masks.map((m) => `${m} = 0`).join(', ')};`,
    ...body,
    `if ((${masks.join(' | ')}) === 0) return 0;`,
    ...masks.map((m, w) => `failed[${w}] = ${m};`),
    'return 1; }',
  ].join('\n');
  try {
    const make = new Function('constants', 'isList', 'fallback', text);
    return make(constants, Array.isArray, fallback) as Predicate; // the text above has this very shape
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

function mark(i: number): string {
  return `m${(i / BITS) | 0} |= ${1 << (i % BITS)};`;
}

/** Checks on plain fields grouped by field, in order of first use; all others under undefined. */
function byField(checks: readonly Check[]): Map<string | undefined, number[]> {
  const groups = new Map<string | undefined, number[]>();
  checks.forEach((check, i) => {
    const direct =
      check.kind !== 'record' && check.shared === undefined && isPlainName(check.slot.text) && hasPlainOther(check);
    const key = direct ? check.slot.text : undefined;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [i]);
    else group.push(i);
  });
  return groups;
}

function hasPlainOther(check: Check): boolean {
  return check.kind !== 'value' || check.other === undefined || isPlainName(check.other.text);
}

function callOf(check: Check): (record: DataRecord, data: unknown, time: number) => boolean {
  const { shared } = check;
  if (shared !== undefined) return (record, data) => shared(data, record);
  return (record, data, time) => passes(check, record, data, time);
}

function fieldBlock(
  checks: readonly Check[],
  field: string,
  indexes: readonly number[],
  constant: (value: unknown) => string,
): string[] {
  const lines = [`v = d[${JSON.stringify(field)}];`];
  const required = indexes.filter((i) => checks[i]!.kind === 'required');
  const others = indexes.filter((i) => checks[i]!.kind === 'value');
  const absent = required.map(mark).join(' ');
  if (others.length === 0) return [...lines, `if (v === undefined || v === null) { ${absent} }`];
  lines.push(
    required.length > 0
      ? `if (v === undefined || v === null) { ${absent} } else {`
      : 'if (v !== undefined && v !== null) {',
  );
  for (const i of others) lines.push(valueLine(checks[i] as ValueCheck, i, constant)); // filtered by kind above
  lines.push('}');
  return lines;
}

function valueLine(check: ValueCheck, i: number, constant: (value: unknown) => string): string {
  const { code, constants } = check.template ?? { code: '$0(v, w, time)', constants: [check.test] };
  const names = constants.map((value) => constant(value));
  const condition = code.replace(/\$(\d)/g, (_, n: string) => names[Number(n)]!);
  const failing = `if (!(${condition})) ${mark(i)}`;
  if (check.other === undefined) return failing.replace('(v, w, time)', '(v, undefined, time)');
  return `w = d[${JSON.stringify(check.other.text)}]; if (w !== undefined && w !== null) { ${failing} }`;
}
