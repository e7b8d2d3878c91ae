import { RE2JS } from 're2js';

/** Steps a backtracking matcher may take on one value before the linear engine is the better choice. */
const MAX_BACKTRACKING_STEPS = 1_000_000;
export const MAX_PATTERN_CHARS = 2_000;

export interface LinearPattern {
  readonly source: string;
  test(text: string): boolean;
  /** RegExp for texts of up to nativeChars characters. */
  readonly native?: RegExp;
  /** Longest text the native engine is given; 0: the linear engine does it all. */
  readonly nativeChars: number;
}

/** Characters JavaScript's `\s` stands for; RE2's is ASCII only. */
const SPACE =
  '\\t\\n\\x0B\\f\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}';

/**
 * A regular expression whose cost is bounded whatever the text.
 *
 * Idea: a backtracking matcher is the fastest on short text, a Pike machine (RE2) is linear on any. The shape of the
 * pattern gives a bound for backtracking: without nested repetition, alternatives inside repetition, back references
 * and look-around it takes at most n^d steps, d the number of unbounded repetitions (one more when the start is open).
 * Texts for which n^d stays below 10^6 go to RegExp, longer ones and all other patterns to RE2.
 * Errors: throws a sentence when RE2 cannot do it (look-around, back references) or it is no expression at all.
 *
 * Example: `linearPattern('^a+b$').test('aab')` is true.
 *
 * Source: Cox 2007, Regular Expression Matching Can Be Simple And Fast; RE2 syntax.
 */
export function linearPattern(source: string): LinearPattern {
  if (source.length > MAX_PATTERN_CHARS)
    throw new Error(
      `the pattern is longer than ${MAX_PATTERN_CHARS} characters; check against a list (in) or a schema instead`,
    );
  const linear = compileLinear(source);
  const degree = backtrackingDegree(source);
  const native = degree === undefined ? undefined : compileNative(source);
  if (degree === undefined || native === undefined) {
    return { source, nativeChars: 0, test: (text) => linear.matcher(text).find() };
  }
  const nativeChars = degree <= 1 ? Number.MAX_SAFE_INTEGER : Math.floor(MAX_BACKTRACKING_STEPS ** (1 / degree));
  return {
    source,
    native,
    nativeChars,
    test: (text) => (text.length <= nativeChars ? native.test(text) : linear.matcher(text).find()),
  };
}

/** RE2 program for replacing and matching; throws a sentence for what it cannot do. */
export function compileLinear(source: string): RE2JS {
  try {
    return RE2JS.compile(translate(source));
  } catch (error) {
    const reason = /\(\?(?:[=!]|<[=!])/.test(source)
      ? 'look-around cannot be matched in linear time'
      : /\\[1-9]|\\k</.test(source)
        ? 'back references cannot be matched in linear time'
        : error instanceof Error
          ? error.message
          : String(error);
    throw new Error(`not a usable pattern: ${reason}; write it in RE2 syntax, without look-around and back references`);
  }
}

function compileNative(source: string): RegExp | undefined {
  for (const flags of ['u', '']) {
    try {
      return new RegExp(source, flags);
    } catch {
      // the next flags, or RE2 alone
    }
  }
  return undefined;
}

/** RE2 spelling of the same expression: `\s` of Unicode, `.` that stops at every line end, `(?<name>` as it is. */
function translate(source: string): string {
  let result = '';
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    if (c === '\\') {
      const next = source[++i] ?? '';
      if (next === 's') result += inClass ? SPACE : `[${SPACE}]`;
      else if (next === 'S' && !inClass) result += `[^${SPACE}]`;
      else if (next === 'u' && /^[0-9a-fA-F]{4}/.test(source.slice(i + 1))) {
        result += `\\x{${source.slice(i + 1, i + 5)}}`;
        i += 4;
      } else if (next === 'u' && source[i + 1] === '{') {
        result += '\\x';
      } else if (next === '/' || next === '@' || next === '"' || next === "'") result += next;
      else result += c + next;
    } else if (inClass) {
      if (c === ']') inClass = false;
      result += c === '[' ? '\\[' : c;
    } else if (c === '[') {
      inClass = true;
      result += c;
      if (source[i + 1] === '^') result += source[++i];
    } else if (c === '.') result += '[^\\n\\r\\x{2028}\\x{2029}]';
    else result += c;
  }
  return result;
}

interface Group {
  unbounded: number;
  alternatives: boolean;
}

/** Number of unbounded repetitions that can compete; undefined when the shape may backtrack exponentially. */
export function backtrackingDegree(source: string): number | undefined {
  const stack: Group[] = [{ unbounded: 0, alternatives: false }];
  let last: Group | undefined;
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    const top = stack[stack.length - 1]!;
    if (c === '\\') {
      const next = source[++i] ?? '';
      if (/[1-9k]/.test(next)) return undefined;
      last = { unbounded: 0, alternatives: false };
    } else if (c === '[') {
      i = classEnd(source, i);
      last = { unbounded: 0, alternatives: false };
    } else if (c === '(') {
      if (/^\(\?(?:[=!]|<[=!])/.test(source.slice(i, i + 4))) return undefined;
      stack.push({ unbounded: 0, alternatives: false });
      if (source[i + 1] === '?') i = source[i + 2] === '<' ? source.indexOf('>', i) : i + 2;
    } else if (c === ')') {
      last = stack.pop();
      if (last === undefined || stack.length === 0) return undefined;
      const outer = stack[stack.length - 1]!;
      outer.unbounded += last.unbounded;
      if (last.alternatives) outer.alternatives = true;
    } else if (c === '|') {
      top.alternatives = true;
    } else if (c === '*' || c === '+' || c === '?' || c === '{') {
      const repeat = repetition(source, i);
      if (repeat === undefined) continue;
      i = repeat.end;
      if (last !== undefined && repeat.max > 1 && (last.unbounded > 0 || last.alternatives)) return undefined;
      if (repeat.max > 100) top.unbounded++;
      last = undefined;
    } else last = { unbounded: 0, alternatives: false };
  }
  const whole = stack[0]!;
  const open = !source.startsWith('^') || whole.alternatives ? 1 : 0;
  return whole.unbounded + open;
}

function classEnd(source: string, start: number): number {
  let i = start + 1;
  while (i < source.length && source[i] !== ']') i += source[i] === '\\' ? 2 : 1;
  return i;
}

function repetition(source: string, at: number): { readonly max: number; readonly end: number } | undefined {
  const match = /^(?:[*+]|\?|\{(\d+)(,?)(\d*)\})\??/.exec(source.slice(at, at + 24));
  if (match === null) return undefined;
  const end = at + match[0].length - 1;
  if (match[1] === undefined) return { max: source[at] === '?' ? 1 : Number.POSITIVE_INFINITY, end };
  const max = match[2] === '' ? Number(match[1]) : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
  return { max, end };
}
