import { messageOf } from '../../core/errors.ts';
import { instantOf } from '../check/dates.ts';
import { compileLinear, linearPattern } from '../check/linear-pattern.ts';
import type { Evaluator } from './evaluate.ts';
import { CelError, type CelNode } from './parse.ts';
import { CelDuration, isNullish, WRONG } from './values.ts';

type Fn = (args: readonly unknown[]) => unknown;

/** Texts an expression may build or cut: longer ones are a wrong type, not a long wait. */
const MAX_TEXT = 1_000_000;
const MAX_CACHED_PATTERNS = 64;

const size: Fn = ([v]) =>
  typeof v === 'string' ? [...v].length : Array.isArray(v) ? v.length : isMap(v) ? Object.keys(v).length : WRONG;

function isMap(v: unknown): v is Record<string, unknown> {
  return typeof v === 'object' && v !== null && !(v instanceof Date) && !(v instanceof CelDuration);
}

const text =
  (fn: (a: string, b: string) => unknown): Fn =>
  ([a, b]) =>
    typeof a === 'string' && (b === undefined || typeof b === 'string') ? fn(a, b ?? '') : WRONG;

const date =
  (fn: (d: Date) => number, span?: (ms: number) => number): Fn =>
  ([d]) =>
    d instanceof Date ? fn(d) : span !== undefined && d instanceof CelDuration ? span(d.ms) : WRONG;

const METHODS: Readonly<Record<string, Fn>> = Object.assign(Object.create(null), {
  size,
  startsWith: text((a, b) => a.startsWith(b)),
  endsWith: text((a, b) => a.endsWith(b)),
  contains: text((a, b) => a.includes(b)),
  lowerAscii: text((a) => a.replace(/[A-Z]/g, (c) => c.toLowerCase())),
  upperAscii: text((a) => a.replace(/[a-z]/g, (c) => c.toUpperCase())),
  trim: text((a) => a.trim()),
  indexOf: text((a, b) => a.indexOf(b)),
  lastIndexOf: text((a, b) => a.lastIndexOf(b)),
  split: text((a, b) => (a.length > MAX_TEXT ? WRONG : a.split(b))),
  join: (([list, separator]) => join(list, separator ?? '')) satisfies Fn,
  substring: (([s, from, to]) => substring(s, from, to)) satisfies Fn,
  getFullYear: date((d) => d.getUTCFullYear()),
  getMonth: date((d) => d.getUTCMonth()),
  getDate: date((d) => d.getUTCDate()),
  getDayOfMonth: date((d) => d.getUTCDate() - 1),
  getDayOfWeek: date((d) => d.getUTCDay()),
  getDayOfYear: date((d) => Math.floor((d.getTime() - Date.UTC(d.getUTCFullYear(), 0, 1)) / 864e5)),
  getHours: date(
    (d) => d.getUTCHours(),
    (ms) => Math.trunc(ms / 36e5),
  ),
  getMinutes: date(
    (d) => d.getUTCMinutes(),
    (ms) => Math.trunc(ms / 6e4),
  ),
  getSeconds: date(
    (d) => d.getUTCSeconds(),
    (ms) => Math.trunc(ms / 1e3),
  ),
  getMilliseconds: date((d) => d.getUTCMilliseconds(), Math.trunc),
});

const FUNCTIONS: Readonly<Record<string, Fn>> = Object.assign(Object.create(null), {
  size,
  abs: (([v]) => (typeof v === 'number' ? Math.abs(v) : WRONG)) satisfies Fn,
  dyn: (([v]) => v) satisfies Fn,
  string: (([v]) => toText(v)) satisfies Fn,
  double: (([v]) => toNumber(v)) satisfies Fn,
  int: (([v]) => {
    const n = v instanceof Date ? v.getTime() / 1e3 : toNumber(v);
    return typeof n === 'number' ? Math.trunc(n) : WRONG;
  }) satisfies Fn,
  bool: (([v]) => (typeof v === 'boolean' ? v : v === 'true' ? true : v === 'false' ? false : WRONG)) satisfies Fn,
  timestamp: (([v]) => toTimestamp(v)) satisfies Fn,
  duration: (([v]) => toDuration(v)) satisfies Fn,
});

export function callFunction(name: string, args: readonly Evaluator[], node: CelNode): Evaluator {
  const fn = FUNCTIONS[name];
  if (fn === undefined)
    throw new CelError(`function '${name}' is not supported (${Object.keys(FUNCTIONS).join(', ')}, has)`, node.start);
  return (frame) =>
    apply(
      fn,
      args.map((arg) => arg(frame)),
    );
}

interface MethodCall {
  readonly node: CelNode;
  readonly args: readonly CelNode[];
  compile(arg: CelNode): Evaluator;
}

export function callMethod(name: string, of: Evaluator, call: MethodCall): Evaluator {
  if (name === 'matches') return matches(of, call);
  const fn = METHODS[name];
  if (fn === undefined)
    throw new CelError(
      `method '${name}' is not supported (${Object.keys(METHODS).join(', ')}, matches, all, exists, exists_one, filter, map)`,
      call.node.start,
    );
  const args = call.args.map((arg) => call.compile(arg));
  return (frame) => apply(fn, [of(frame), ...args.map((arg) => arg(frame))]);
}

function apply(fn: Fn, args: readonly unknown[]): unknown {
  if (args.includes(WRONG)) return WRONG;
  if (args.some(isNullish)) return undefined;
  return fn(args);
}

/** A constant pattern is compiled at load, one from the data by the linear engine with a small cache. */
function matches(of: Evaluator, call: MethodCall): Evaluator {
  const [argument] = call.args;
  if (argument?.op === 'value' && typeof argument.args === 'string') {
    try {
      const pattern = linearPattern(argument.args);
      return (frame) => apply(([v]) => (typeof v === 'string' ? pattern.test(v) : WRONG), [of(frame)]);
    } catch (error) {
      throw new CelError(messageOf(error), argument.start);
    }
  }
  const pattern = call.compile(argument!);
  const cache = new Map<string, ReturnType<typeof compileLinear> | undefined>();
  const test = text((value, source) => {
    if (!cache.has(source)) {
      if (cache.size >= MAX_CACHED_PATTERNS) cache.clear();
      cache.set(source, tryCompile(source));
    }
    const compiled = cache.get(source);
    return compiled === undefined ? WRONG : compiled.matcher(value).find();
  });
  return (frame) => apply(test, [of(frame), pattern(frame)]);
}

function tryCompile(source: string): ReturnType<typeof compileLinear> | undefined {
  try {
    return source.length > 1_000 ? undefined : compileLinear(source);
  } catch {
    return undefined;
  }
}

function join(list: unknown, separator: unknown): unknown {
  if (!Array.isArray(list) || typeof separator !== 'string') return WRONG;
  return list.every((item) => typeof item === 'string') ? list.join(separator) : WRONG;
}

function substring(s: unknown, from: unknown, to: unknown): unknown {
  if (typeof s !== 'string' || typeof from !== 'number') return WRONG;
  const end = to === undefined ? s.length : to;
  if (typeof end !== 'number' || from < 0 || from > end || end > s.length) return WRONG;
  return s.substring(from, end);
}

function toText(v: unknown): unknown {
  if (v instanceof Date) return v.toISOString();
  if (v instanceof CelDuration) return `${v.ms / 1e3}s`;
  return typeof v === 'string' || typeof v === 'number' || typeof v === 'boolean' ? String(v) : WRONG;
}

function toNumber(v: unknown): unknown {
  if (typeof v === 'number') return v;
  if (typeof v !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(v)) return WRONG;
  return Number(v);
}

function toTimestamp(v: unknown): unknown {
  if (v instanceof Date) return v;
  const ms = typeof v === 'string' ? instantOf(v) : typeof v === 'number' ? v * 1e3 : Number.NaN;
  return Math.abs(ms) <= 8.64e15 ? new Date(ms) : WRONG;
}

function toDuration(v: unknown): unknown {
  if (v instanceof CelDuration) return v;
  if (typeof v !== 'string' || v.length > 64) return WRONG;
  const match = /^([+-]?)((?:\d+(?:\.\d+)?(?:ms|us|ns|s|m|h))+)$/.exec(v);
  if (match === null) return WRONG;
  const units: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, ms: 1, s: 1e3, m: 6e4, h: 36e5 };
  let ms = 0;
  for (const [, digits, unit] of match[2]!.matchAll(/(\d+(?:\.\d+)?)(ms|us|ns|s|m|h)/g))
    ms += Number(digits) * (units[unit!] ?? 0);
  return new CelDuration(match[1] === '-' ? -ms : ms);
}
