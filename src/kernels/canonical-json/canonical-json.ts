import { FormatError } from '../../core/errors.ts';

/** Levels of nesting beyond this are refused: a decoder that lets more through is the one to bound. */
export const MAX_CANONICAL_DEPTH = 1000;

/**
 * Canonical JSON text (RFC 8785): one text for all ways to write a value.
 *
 * Idea: properties sorted by UTF-16 units, no white space, ECMAScript's shortest number form and its minimal escapes.
 * JSON.stringify already writes strings and numbers that way; only the order of properties is ours to settle.
 * In: a decoded JSON value; own properties only, properties that are undefined are left out, -0 is written as 0.
 * Errors: FormatError `not-canonical` for NaN, infinities, lone surrogates, values that are no JSON, or nesting
 * beyond 1,000 levels.
 * Cost: n log n in the properties of an object; no copy of the value.
 *
 * Example: `canonicalJson({ b: 1.0, a: 'é' })` gives `{"a":"é","b":1}`.
 *
 * Source: RFC 8785 (Rundgren, Jordan & Erdtman 2020), section 3.2.
 */
export function canonicalJson(value: unknown): string {
  return write(value, undefined, 0);
}

/** As canonicalJson, without the named properties of the outermost object. */
export function canonicalJsonWithout(value: unknown, ignored: ReadonlySet<string>): string {
  return write(value, ignored, 0);
}

function write(value: unknown, ignored: ReadonlySet<string> | undefined, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeText(value);
    case 'number':
      if (!Number.isFinite(value)) throw refuse(String(value));
      return String(value === 0 ? 0 : value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (depth >= MAX_CANONICAL_DEPTH) throw refuse(`nesting beyond ${MAX_CANONICAL_DEPTH} levels`);
      return Array.isArray(value) ? writeList(value, depth + 1) : writeObject(value, ignored, depth + 1);
    default:
      throw refuse(`a ${typeof value}`);
  }
}

function writeText(text: string): string {
  if (!text.isWellFormed()) throw refuse('a lone surrogate');
  return JSON.stringify(text);
}

function writeList(list: readonly unknown[], depth: number): string {
  let out = '[';
  for (let i = 0; i < list.length; i++) {
    if (i > 0) out += ',';
    out += write(list[i] === undefined ? null : list[i], undefined, depth);
  }
  return `${out}]`;
}

function writeObject(object: object, ignored: ReadonlySet<string> | undefined, depth: number): string {
  const names = Object.keys(object).sort(); // the default order compares UTF-16 units, as the RFC asks
  let out = '{';
  for (const name of names) {
    if (ignored?.has(name)) continue;
    const value: unknown = (object as Record<string, unknown>)[name]; // `name` is one of its own keys
    if (value === undefined) continue;
    if (out.length > 1) out += ',';
    out += `${writeText(name)}:${write(value, undefined, depth)}`;
  }
  return `${out}}`;
}

function refuse(what: string): FormatError {
  return new FormatError(`canonical JSON cannot hold ${what}`, { code: 'not-canonical' });
}
