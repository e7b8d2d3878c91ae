import type { Patch } from '../core/record.ts';
import { stringEnd } from './json-limits.ts';

interface Member {
  /** Where the key (of an object) or the value (of a list) begins. */
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * The text with patches applied in order and every other byte as it was. The text must be valid JSON.
 * A repeated key counts as JSON.parse reads it: the last one is the value, removing removes all.
 */
export function spliceJson(text: string, patches: readonly Patch[]): string {
  let result = text;
  for (const { path, value } of patches) {
    const { start, end } = valueSpan(result, 0);
    result = result.slice(0, start) + spliceAt(result.slice(start, end), path, 0, value) + result.slice(end);
  }
  return result;
}

/** `text` is one value without white space around it. */
function spliceAt(text: string, path: readonly (string | number)[], at: number, value: unknown): string {
  const key = path[at];
  if (key === undefined) return JSON.stringify(value);
  const open = text.charCodeAt(0);
  if (open !== 123 && open !== 91) return nest(path, at, value) ?? text;
  const members = membersOf(text);
  const found =
    open === 123
      ? membersNamed(text, members, String(key))
      : [members[Number(key)]].filter((member) => member !== undefined);
  const last = found.at(-1);
  const removes = at === path.length - 1 && value === undefined;
  if (last === undefined) return removes ? text : append(text, members, key, nest(path, at + 1, value) ?? '{}');
  if (removes) return found.reduceRight((rest, member) => remove(rest, membersOf(rest), member.start), text);
  const inner = spliceAt(text.slice(last.valueStart, last.valueEnd), path, at + 1, value);
  return text.slice(0, last.valueStart) + inner + text.slice(last.valueEnd);
}

/** JSON of the objects that lead from `at` to the value; undefined when nothing is to be set. */
function nest(path: readonly (string | number)[], at: number, value: unknown): string | undefined {
  let json = JSON.stringify(value);
  for (let i = path.length - 1; i >= at; i--)
    json = json === undefined ? '{}' : `{${JSON.stringify(String(path[i]))}:${json}}`;
  return json;
}

function membersNamed(text: string, members: readonly Member[], key: string): Member[] {
  return members.filter((member) => {
    const raw = text.slice(member.start, stringEnd(text, member.start) + 1);
    return raw.includes('\\') ? JSON.parse(raw) === key : raw.slice(1, -1) === key;
  });
}

function append(text: string, members: readonly Member[], key: string | number, json: string): string {
  const isList = text.charCodeAt(0) === 91;
  const holes = isList ? 'null,'.repeat(Math.max(0, Number(key) - members.length)) : '';
  const item = isList ? holes + json : `${JSON.stringify(String(key))}:${json}`;
  const last = members.at(-1);
  if (last === undefined) return text[0] + item + (isList ? ']' : '}');
  return `${text.slice(0, last.valueEnd)},${item}${text.slice(last.valueEnd)}`;
}

/** The text without the member that starts at `start`, and without one of the commas around it. */
function remove(text: string, members: readonly Member[], start: number): string {
  const index = members.findIndex((member) => member.start === start);
  const member = members[index];
  if (member === undefined) return text;
  const before = members[index - 1];
  if (before !== undefined) return text.slice(0, before.valueEnd) + text.slice(member.valueEnd);
  const after = members[index + 1];
  return text.slice(0, member.start) + text.slice(after?.start ?? member.valueEnd);
}

/** Members of the object or list that is all of `text`. */
function membersOf(text: string): Member[] {
  const members: Member[] = [];
  const isObject = text.charCodeAt(0) === 123;
  let i = skipSpace(text, 1);
  while (i < text.length && text.charCodeAt(i) !== 125 && text.charCodeAt(i) !== 93) {
    const start = i;
    if (isObject) i = skipSpace(text, skipSpace(text, stringEnd(text, i) + 1) + 1); // key, colon
    const valueStart = i;
    const valueEnd = endOfValue(text, i);
    members.push({ start, valueStart, valueEnd });
    i = skipSpace(text, valueEnd);
    if (text.charCodeAt(i) === 44) i = skipSpace(text, i + 1);
  }
  return members;
}

/** The value at `from`, without the white space around it. */
export function valueSpan(text: string, from: number): { start: number; end: number } {
  const start = skipSpace(text, from);
  return { start, end: endOfValue(text, start) };
}

function skipSpace(text: string, from: number): number {
  let i = from;
  for (;;) {
    const c = text.charCodeAt(i);
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return i;
    i++;
  }
}

/** Index after the value that begins at `start`. */
function endOfValue(text: string, start: number): number {
  const open = text.charCodeAt(start);
  if (open === 34) return stringEnd(text, start) + 1;
  if (open !== 123 && open !== 91) {
    let i = start;
    while (i < text.length && !isDelimiter(text.charCodeAt(i))) i++;
    return i;
  }
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 34) i = stringEnd(text, i);
    else if (c === 123 || c === 91) depth++;
    else if ((c === 125 || c === 93) && --depth === 0) return i + 1;
  }
  return text.length;
}

function isDelimiter(c: number): boolean {
  return c === 44 || c === 125 || c === 93 || c === 32 || c === 10 || c === 13 || c === 9;
}

/** Spans of the elements of the list that begins at `start`. */
export function elementSpans(
  text: string,
  start: number,
  end: number,
): readonly { readonly start: number; readonly end: number }[] {
  return membersOf(text.slice(start, end)).map((member) => ({
    start: start + member.valueStart,
    end: start + member.valueEnd,
  }));
}

/** Span of the value of an own key of the object at `start`; the last one when the key is repeated. */
export function memberSpan(
  text: string,
  span: { start: number; end: number },
  key: string,
): { start: number; end: number } | undefined {
  const inner = text.slice(span.start, span.end);
  if (inner.charCodeAt(0) !== 123) return undefined;
  const member = membersNamed(inner, membersOf(inner), key).at(-1);
  return member === undefined
    ? undefined
    : { start: span.start + member.valueStart, end: span.start + member.valueEnd };
}
