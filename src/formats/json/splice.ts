import { FormatError } from '../../core/errors.ts';
import type { DataRecord, Layout, Patch } from '../../core/record.ts';
import { payloadText } from '../payload-text.ts';
import { documentStart, isList, isObject, keyOf, type Span, skipSpace, stringEnd, valueEnd, walk } from './scan.ts';
import { writeJson } from './write.ts';

type Path = readonly (string | number)[];

/** Longest list a patch may make by naming an index beyond the end. */
const MAX_PADDING = 10_000;

/**
 * Applies patches to JSON text: what no patch names stays byte for byte, numbers of any length included. A set field
 * keeps its place, a new one goes to the end, a removed one takes its comma along; of a repeated key the last counts,
 * as in JSON.parse. A field that is moved (removed here, set there) takes its text along.
 *
 * Cost: a flat record without escapes takes two searches a patch; anything else one walk over the text a patch.
 *
 * splice('{"id":12345678901234567890,"a":"x"}', [{ path: ['a'], value: 'y' }])  // '{"id":12345678901234567890,"a":"y"}'
 */
export function splice(text: string, patches: readonly Patch[]): string {
  return (isFlat(text) ? spliceFlat(text, patches) : undefined) ?? spliceInOrder(text, patches);
}

/** The payload of a JSON record with its patches: where its reader saw the fields they need not be searched. */
export function spliceRecord(record: DataRecord, patches: readonly Patch[]): string {
  const text = payloadText(record.payload ?? '');
  return (record.layout === undefined ? undefined : spliceSeen(text, record, patches)) ?? splice(text, patches);
}

/** Patches that set fields in the order they stand in. Undefined for any other. */
function spliceSeen(text: string, { layout, layoutAt }: DataRecord, patches: readonly Patch[]): string | undefined {
  const { fields, gaps, ends } = layout as Layout; // the caller looked
  let result = '';
  let from = 0;
  for (let i = 0; i < patches.length; i++) {
    const { path, value } = patches[i] as Patch; // i is below the length
    const field = path.length === 1 ? fields.get(path[0] as string) : undefined; // a number is no field
    if (field === undefined || value === undefined) return undefined;
    const before = field === 0 ? 0 : (ends[layoutAt + field - 1] as number); // written by the reader
    const start = before + (gaps[field] as number); // as above
    if (start < from) return undefined;
    result += text.slice(from, start) + writeJson(value);
    from = ends[layoutAt + field] as number; // as above
  }
  return result + text.slice(from);
}

/** One object, nothing nested that has keys, no escapes: then `"key"` can be searched for. */
function isFlat(text: string): boolean {
  return (
    text.charCodeAt(0) === 123 &&
    text.charCodeAt(text.length - 1) === 125 &&
    text.indexOf('{', 1) < 0 &&
    !text.includes('\\')
  );
}

/** An edit of a flat text: characters [start, end) become `value`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

/** All patches in one pass over the text. Undefined when the quick way cannot be sure. */
function spliceFlat(text: string, patches: readonly Patch[]): string | undefined {
  const edits: Edit[] = [];
  let added = '';
  for (let i = 0; i < patches.length; i++) {
    const { path, value } = patches[i] as Patch; // i is below the length
    const key = path[0];
    if (path.length !== 1 || typeof key !== 'string' || isRepeated(patches, i, key)) return undefined;
    const tail = keyTail(key);
    if (tail === undefined) return undefined;
    const at = quotedAt(text, tail, 0);
    if (at < 0) {
      if (value !== undefined) added += `,"${tail}:${textOf(value, text, patches)}`;
      continue;
    }
    const edit = editAt(text, at, tail, value === undefined ? undefined : textOf(value, text, patches));
    if (edit === undefined) return undefined;
    let place = edits.length;
    while (place > 0 && (edits[place - 1] as Edit).start > edit.start) place--; // place is above 0
    edits.splice(place, 0, edit);
  }
  return assemble(text, edits, added);
}

function isRepeated(patches: readonly Patch[], before: number, key: string): boolean {
  for (let i = 0; i < before; i++) if (patches[i]?.path[0] === key) return true;
  return false;
}

/** Index of the quote before `tail`, from `from` on. Searching without that quote is far faster: quotes are everywhere, a first letter is not. */
function quotedAt(text: string, tail: string, from: number): number {
  for (let at = text.indexOf(tail, from); at >= 0; at = text.indexOf(tail, at + 1))
    if (text.charCodeAt(at - 1) === 34) return at - 1;
  return -1;
}

function editAt(text: string, at: number, tail: string, value: string | undefined): Edit | undefined {
  const after = at + tail.length + 1;
  if (quotedAt(text, tail, after) >= 0) return undefined; // a repeated key, or a value that reads like one
  const colon = skipSpace(text, after);
  if (text.charCodeAt(colon) !== 58) return undefined;
  const start = skipSpace(text, colon + 1);
  const end = text.charCodeAt(start) === 34 ? text.indexOf('"', start + 1) + 1 : valueEnd(text, start);
  if (value !== undefined) return { start, end, value };
  const comma = skipSpace(text, end);
  // the last member takes the comma before it along, which may be another edit's
  return text.charCodeAt(comma) === 44 ? { start: at, end: skipSpace(text, comma + 1), value: '' } : undefined;
}

function assemble(text: string, edits: readonly Edit[], added: string): string {
  let result = '';
  let from = 0;
  for (let i = 0; i < edits.length; i++) {
    const edit = edits[i] as Edit; // i is below the length
    result += text.slice(from, edit.start) + edit.value;
    from = edit.end;
  }
  if (added === '') return result + text.slice(from);
  const close = trimEnd(text, text.length - 1);
  return result + text.slice(from, close) + (close === 1 ? added.slice(1) : added) + text.slice(close);
}

/** Index after the last character before `end` that is no white space. */
function trimEnd(text: string, end: number): number {
  let at = end;
  while (text.charCodeAt(at - 1) <= 32) at--;
  return at;
}

function spliceInOrder(original: string, patches: readonly Patch[]): string {
  let text = original;
  for (const { path, value } of patches)
    text = spliceAny(text, path, value === undefined ? undefined : textOf(value, original, patches));
  return text;
}

const keyTails = new Map<string, string | undefined>();
const MAX_KEY_TAILS = 1000;

/** `key"`; undefined for a key that JSON must escape. Keys come from the topology, so there are few; the bound is for those that data made. */
function keyTail(key: string): string | undefined {
  const known = keyTails.get(key);
  if (known !== undefined || keyTails.has(key)) return known;
  const tail = JSON.stringify(key) === `"${key}"` ? `${key}"` : undefined;
  if (keyTails.size < MAX_KEY_TAILS) keyTails.set(key, tail);
  return tail;
}

/** Follows the path as far as the text goes, and edits there. */
function spliceAny(text: string, path: Path, value: string | undefined): string {
  let at = documentStart(text);
  for (let depth = 0; depth < path.length; depth++) {
    const key = path[depth] ?? '';
    const isLast = depth === path.length - 1;
    const spans = isObject(text, at) ? members(text, at, String(key)) : elementAt(text, at, key);
    const span = spans.at(-1);
    if (isLast && value === undefined) return removeAll(text, spans);
    if (span === undefined) return insert(text, at, { key, value: wrap(path, depth + 1, value) });
    const isContainer = isObject(text, span.valueStart) || isList(text, span.valueStart);
    if (isLast || !isContainer)
      return text.slice(0, span.valueStart) + wrap(path, depth + 1, value) + text.slice(span.valueEnd);
    at = span.valueStart;
  }
  throw new Error('a patch has an empty path'); // DataRecord.patch names a field
}

/** All members with this key: a repeated one is legal, and a removal must not bring an earlier one back. */
function members(text: string, at: number, key: string): Span[] {
  const found: Span[] = [];
  walk(text, at, (span) => {
    if (keyOf(text, span) === key) found.push({ ...span });
  });
  return found;
}

function elementAt(text: string, at: number, key: string | number): Span[] {
  if (!isList(text, at)) return [];
  const index = indexOf(key);
  const found: Span[] = [];
  let i = 0;
  walk(text, at, (span) => {
    if (i++ === index) found.push({ ...span });
  });
  return found;
}

function indexOf(key: string | number): number {
  if (typeof key === 'number') return key;
  return /^(0|[1-9]\d{0,9})$/.test(key) ? Number(key) : -1;
}

/** Missing parents are made as objects, as DataRecord.patch makes them. */
function wrap(path: Path, from: number, value: string | undefined): string {
  if (from === path.length) return value ?? '{}';
  const inner =
    from === path.length - 1 && value === undefined ? '' : member(path[from] ?? '', wrap(path, from + 1, value));
  return `{${inner}}`;
}

function member(key: string | number, value: string): string {
  return `${JSON.stringify(String(key))}:${value}`;
}

function removeAll(text: string, spans: readonly Span[]): string {
  let rest = text;
  for (let i = spans.length - 1; i >= 0; i--) {
    const span = spans[i] as Span; // i is below the length
    rest = cut(rest, span.keyStart, span.valueEnd);
  }
  return rest;
}

/** Takes out a member with the comma after it, or, of the last one, the comma before it. */
function cut(text: string, start: number, end: number): string {
  const after = skipSpace(text, end);
  if (text.charCodeAt(after) === 44) return text.slice(0, start) + text.slice(skipSpace(text, after + 1));
  let before = start - 1;
  while (text.charCodeAt(before) <= 32) before--;
  return text.charCodeAt(before) === 44
    ? text.slice(0, before) + text.slice(end)
    : text.slice(0, start) + text.slice(end);
}

function insert(text: string, at: number, entry: { readonly key: string | number; readonly value: string }): string {
  const { key, value } = entry;
  if (isObject(text, at)) return append(text, at, member(key, value));
  const index = indexOf(key);
  if (index < 0) return text; // a list has no named fields
  let length = 0;
  walk(text, at, () => {
    length++;
  });
  if (index - length > MAX_PADDING)
    throw new FormatError(`a patch names element ${index} of a list of ${length}`, { code: 'unencodable' });
  return append(text, at, `${'null,'.repeat(index - length)}${value}`);
}

/** Puts a member at the end of the object or list that begins at `at`. */
function append(text: string, at: number, entry: string): string {
  const end = trimEnd(text, valueEnd(text, at) - 1);
  return `${text.slice(0, end)}${end > at + 1 ? ',' : ''}${entry}${text.slice(end)}`;
}

/** Text of a patch's value. What a double may have rounded is looked for among the removed fields: a moved value keeps its text. */
function textOf(value: unknown, original: string, patches: readonly Patch[]): string {
  if (typeof value === 'string') return JSON.stringify(value);
  const isExact = typeof value === 'number' ? Number.isSafeInteger(value) && !Object.is(value, -0) : !isFilled(value);
  return (isExact ? undefined : movedText(value, original, patches)) ?? writeJson(value);
}

function isFilled(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function movedText(value: unknown, original: string, patches: readonly Patch[]): string | undefined {
  let wanted: string | undefined;
  for (const patch of patches) {
    if (patch.value !== undefined) continue;
    const text = tokenAt(original, patch.path);
    if (text === undefined) continue;
    const parsed: unknown = JSON.parse(text);
    if (Object.is(parsed, value)) return text;
    if (!isFilled(parsed) || !isFilled(value)) continue;
    wanted ??= JSON.stringify(value);
    if (JSON.stringify(parsed) === wanted) return text;
  }
  return undefined;
}

function tokenAt(text: string, path: Path): string | undefined {
  let at = documentStart(text);
  for (const key of path) {
    const span: Span | undefined = (isObject(text, at) ? members(text, at, String(key)) : elementAt(text, at, key)).at(
      -1,
    );
    if (span === undefined) return undefined;
    at = span.valueStart;
  }
  const end = text.charCodeAt(at) === 34 ? stringEnd(text, at) : valueEnd(text, at);
  return end < 0 ? undefined : text.slice(at, end);
}
