import { FormatError } from '../../core/errors.ts';
import { defaultValue } from './default-value.ts';
import { decimalText, textOfCount, uuidText } from './logical.ts';
import { branchFor, isNamedAlike, isPromoted, leastBytes, nameOf } from './match.ts';
import type { Tap } from './tap.ts';
import type { AvroField, AvroType, EnumType, FixedType, PrimitiveType, RecordType, UnionType } from './types.ts';

export type Read = (tap: Tap) => unknown;

/** Something a reader of this schema cannot make out of what a writer of the other one wrote. */
export interface Mismatch {
  /** Field, dotted; `''` the whole value. */
  readonly path: string;
  readonly message: string;
}

export interface CompiledReader {
  readonly read: Read;
  /** Values that meet one of them are FormatError `schema-mismatch`; others are read. */
  readonly mismatches: readonly Mismatch[];
}

interface Context {
  readonly path: string;
  readonly mismatches: Mismatch[];
  /** Readers of records by writer and reader: a record may hold itself. */
  readonly records: Map<RecordType, Map<RecordType, { read: Read }>>;
}

/**
 * Reads values of `writer` as `reader` has them (by default as they are written), by the rules of Avro 1.12, Schema Resolution.
 *
 * Values: records and maps are plain objects, lists arrays, enums text, bytes Uint8Array, a long a number where a double
 * holds it, else text; a decimal is text with all digits of its scale, dates, times and timestamps are RFC 3339 text,
 * uuids text. Time: a closure a field; nothing is looked up by name while values are read.
 */
export function compileReader(writer: AvroType, reader: AvroType = writer): CompiledReader {
  const mismatches: Mismatch[] = [];
  const read = compile(writer, reader, { path: '', mismatches, records: new Map() });
  return { read, mismatches };
}

function compile(writer: AvroType, reader: AvroType, context: Context): Read {
  if (writer.kind === 'union') return readUnion(writer, reader, context);
  if (reader.kind === 'union') {
    const branch = branchFor(writer, reader.branches);
    if (branch !== undefined) return compile(writer, branch, context);
    return refuse(context, `${nameOf(writer)} is in no branch of the union`);
  }
  if (writer.kind === 'record' && reader.kind === 'record' && isNamedAlike(writer, reader))
    return readRecord(writer, reader, context);
  if (writer.kind === 'enum' && reader.kind === 'enum' && isNamedAlike(writer, reader))
    return readEnum(writer, reader, context);
  if (writer.kind === 'fixed' && reader.kind === 'fixed' && isNamedAlike(writer, reader))
    return readFixed(writer, reader, context);
  if (writer.kind === 'array' && reader.kind === 'array') return readArray(writer.items, reader.items, context);
  if (writer.kind === 'map' && reader.kind === 'map') return readMap(writer.values, reader.values, context);
  if (isPromoted(writer, reader)) return readPrimitive(writer as PrimitiveType, reader as PrimitiveType, context); // both are
  return refuse(context, `${nameOf(writer)} cannot be read as ${nameOf(reader)}`);
}

function refuse({ path, mismatches }: Context, message: string): Read {
  mismatches.push({ path, message });
  const where = path === '' ? 'the value' : `the field ${path}`;
  return () => {
    throw new FormatError(`${where}: ${message}`, { code: 'schema-mismatch' });
  };
}

function readUnion(writer: UnionType, reader: AvroType, context: Context): Read {
  const same = writer === reader;
  const branches = writer.branches.map((branch) => compile(branch, same ? branch : reader, context));
  return (tap) => {
    const read = branches[tap.int()];
    if (read === undefined)
      throw new FormatError('not Avro of its schema: a branch the union does not have', { code: 'undecodable' });
    return read(tap);
  };
}

function readRecord(writer: RecordType, reader: RecordType, context: Context): Read {
  const known = context.records.get(writer)?.get(reader);
  if (known !== undefined) return (tap) => known.read(tap);
  const slot: { read: Read } = { read: () => undefined };
  const mine = context.records.get(writer) ?? new Map<RecordType, { read: Read }>();
  context.records.set(writer, mine.set(reader, slot));
  const taken = new Set<AvroField>();
  const names: (string | undefined)[] = [];
  const reads: Read[] = [];
  for (const field of writer.fields) {
    const target = writer === reader ? field : targetOf(field, reader);
    const path = context.path === '' ? field.name : `${context.path}.${field.name}`;
    names.push(target?.name);
    // a field nobody wants is read to get past it
    reads.push(compile(field.type, target?.type ?? field.type, { ...context, path }));
    if (target !== undefined) taken.add(target);
  }
  const absent = reader.fields.filter((field) => !taken.has(field));
  for (const { name, default: given } of absent)
    if (given === undefined)
      slot.read = refuse(context, `the reader's field ${name} is not written, and has no default`);
  if (absent.some((field) => field.default === undefined)) return slot.read;
  slot.read = absent.length === 0 && writer === reader ? plainRecord(reader, reads) : projected(names, reads, absent);
  return slot.read;
}

function targetOf(field: AvroField, reader: RecordType): AvroField | undefined {
  return (
    reader.fields.find((one) => one.name === field.name) ??
    reader.fields.find((one) => one.aliases.includes(field.name))
  );
}

function plainRecord({ fields }: RecordType, reads: readonly Read[]): Read {
  const names = fields.map((field) => field.name);
  const { length } = names;
  return (tap) => {
    tap.enter();
    const record: Record<string, unknown> = {};
    for (let i = 0; i < length; i++) record[names[i] as string] = (reads[i] as Read)(tap); // as many as there are names
    tap.leave();
    return record;
  };
}

function projected(names: readonly (string | undefined)[], reads: readonly Read[], absent: readonly AvroField[]): Read {
  const defaults = absent.map((field) => [field.name, defaultValue(field.type, field.default?.json)] as const);
  return (tap) => {
    tap.enter();
    const record: Record<string, unknown> = {};
    for (let i = 0; i < reads.length; i++) {
      const value = (reads[i] as Read)(tap); // i is below the length
      const name = names[i];
      if (name !== undefined) record[name] = value;
    }
    for (const [name, value] of defaults) record[name] = value;
    tap.leave();
    return record;
  };
}

function readEnum(writer: EnumType, reader: EnumType, context: Context): Read {
  const known = new Set(reader.symbols);
  const symbols = writer.symbols.map((symbol) => (known.has(symbol) ? symbol : reader.default));
  const lost = writer.symbols.filter((_, i) => symbols[i] === undefined);
  if (lost.length > 0)
    context.mismatches.push({
      path: context.path,
      message: `${lost.length === 1 ? 'the symbol' : 'the symbols'} ${lost.join(', ')} cannot be read: the reader's enum has no default`,
    });
  return (tap) => {
    const index = tap.int();
    const symbol = symbols[index];
    if (symbol !== undefined) return symbol;
    const code = index >= 0 && index < symbols.length ? 'schema-mismatch' : 'undecodable';
    throw new FormatError('a symbol that the enum does not have', { code });
  };
}

function readFixed(writer: FixedType, reader: FixedType, context: Context): Read {
  const { size } = writer;
  if (size !== reader.size) return refuse(context, `fixed of ${size} bytes cannot be read as one of ${reader.size}`);
  if (isRescaled(writer, reader)) return refuse(context, rescaled(writer, reader));
  const { logical } = reader;
  if (logical?.name === 'uuid') return (tap) => uuidText(tap.fixed(size));
  if (logical?.name === 'decimal') return (tap) => decimalText(tap.fixed(size), logical.scale);
  return (tap) => tap.fixed(size);
}

function readArray(writer: AvroType, reader: AvroType, context: Context): Read {
  const item = compile(writer, reader, { ...context, path: `${context.path}[]` });
  const least = leastBytes(writer);
  return (tap) => {
    tap.enter();
    const items: unknown[] = [];
    for (let n = tap.block(least); n > 0; n = tap.block(least)) for (; n > 0; n--) items.push(item(tap));
    tap.leave();
    return items;
  };
}

function readMap(writer: AvroType, reader: AvroType, context: Context): Read {
  const item = compile(writer, reader, { ...context, path: `${context.path}[]` });
  return (tap) => {
    tap.enter();
    const map: Record<string, unknown> = {};
    for (let n = tap.block(1); n > 0; n = tap.block(1)) {
      for (; n > 0; n--) {
        const key = tap.text();
        const value = item(tap);
        if (key !== '__proto__') map[key] = value;
        else Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
      }
    }
    tap.leave();
    return map;
  };
}

type Marked = PrimitiveType | FixedType;

/** Read as written, the digits would mean something else. */
function isRescaled({ logical: written }: Marked, { logical: wanted }: Marked): boolean {
  if (written === undefined || wanted === undefined) return false;
  return written.name !== wanted.name || written.scale !== wanted.scale || written.precision > wanted.precision;
}

function rescaled(writer: Marked, reader: Marked): string {
  return `${nameOf(writer)} cannot be read as ${nameOf(reader)}: the digits would mean something else`;
}

function readPrimitive(writer: PrimitiveType, reader: PrimitiveType, context: Context): Read {
  if (isRescaled(writer, reader)) return refuse(context, rescaled(writer, reader));
  const raw = rawReader(writer, reader);
  const { logical } = reader;
  if (logical === undefined || logical.name === 'uuid') return raw;
  if (logical.name === 'decimal') return (tap) => decimalText(raw(tap) as Uint8Array, logical.scale); // stands on bytes
  return (tap) => textOfCount(logical, raw(tap) as number | bigint); // stands on int or long
}

function rawReader(writer: PrimitiveType, reader: PrimitiveType): Read {
  switch (writer.kind) {
    case 'null':
      return () => null;
    case 'boolean':
      return (tap) => tap.boolean();
    case 'int':
      return (tap) => tap.int();
    case 'long':
      return reader.kind === 'long' ? readLong(reader) : (tap) => Number(tap.long());
    case 'float':
      return (tap) => tap.float();
    case 'double':
      return (tap) => tap.double();
    case 'string':
      return reader.kind === 'string' ? (tap) => tap.text() : (tap) => tap.data();
    case 'bytes':
      return reader.kind === 'bytes' ? (tap) => tap.data() : (tap) => tap.text();
  }
}

/** With a meaning, the count itself; else what no double holds as text: nothing downstream rounds a text. */
function readLong({ logical }: PrimitiveType): Read {
  if (logical !== undefined) return (tap) => tap.long();
  return (tap) => {
    const value = tap.long();
    return typeof value === 'number' ? value : value.toString();
  };
}
