import { FormatError } from '../../core/errors.ts';
import { defaultValue } from './default-value.ts';
import { countOfText, decimalBytes, uuidBytes } from './logical.ts';
import { nameOf } from './match.ts';
import type { Sink } from './sink.ts';
import type { AvroField, AvroType, FixedType, PrimitiveType, RecordType, UnionType } from './types.ts';

export type Write = (sink: Sink, value: unknown) => void;

const MAX_LONG = 2n ** 63n;
/** What a reader gives for a long no double holds. */
const WIDE = /^-?[1-9]\d{15,18}$/;
type Known = Map<RecordType, { write: Write }>;

/**
 * Writes values as compileReader gives them. Throws FormatError `not-in-schema` for a value the schema has no place for,
 * `lossy-number` where digits would be lost: nothing is cut to fit. What stands in the sink then is of no use.
 */
export function compileWriter(type: AvroType, known: Known = new Map()): Write {
  switch (type.kind) {
    case 'record':
      return writeRecord(type, known);
    case 'union':
      return writeUnion(type, known);
    case 'array': {
      const item = compileWriter(type.items, known);
      return (sink, value) => {
        if (!Array.isArray(value)) throw misfit(type);
        if (value.length > 0) sink.long(value.length);
        for (const one of value) item(sink, one);
        sink.long(0);
      };
    }
    case 'map': {
      const item = compileWriter(type.values, known);
      return (sink, value) => {
        const entries = Object.entries(objectOf(value, type));
        if (entries.length > 0) sink.long(entries.length);
        for (const [key, one] of entries) {
          sink.text(key);
          item(sink, one);
        }
        sink.long(0);
      };
    }
    case 'enum': {
      const indexes = new Map<unknown, number>(type.symbols.map((symbol, i) => [symbol, i]));
      return (sink, value) => {
        const index = indexes.get(value);
        if (index === undefined) throw misfit(type);
        sink.long(index);
      };
    }
    case 'fixed':
      return writeFixed(type);
    default:
      return writePrimitive(type);
  }
}

function writeRecord(type: RecordType, known: Known): Write {
  const before = known.get(type);
  if (before !== undefined) return (sink, value) => before.write(sink, value);
  const slot: { write: Write } = { write: () => {} };
  known.set(type, slot);
  const { fields } = type;
  const writes = fields.map((field) => compileWriter(field.type, known));
  slot.write = (sink, value) => {
    const object = objectOf(value, type);
    let found = 0;
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i] as AvroField; // i is below the length
      const has = Object.hasOwn(object, field.name) && object[field.name] !== undefined;
      if (has) found++;
      else if (field.default === undefined)
        throw new FormatError(`the field ${field.name} of ${nameOf(type)} is missing, and has no default`, {
          code: 'not-in-schema',
        });
      const one = has ? object[field.name] : defaultValue(field.type, field.default?.json);
      (writes[i] as Write)(sink, one); // as many as there are fields
    }
    if (found < definedKeys(object))
      throw new FormatError(
        `a field is not in ${nameOf(type)}: give the output a schema that has it (output.schema), or leave it out (output.select)`,
        { code: 'not-in-schema' },
      );
  };
  return slot.write;
}

function definedKeys(object: Readonly<Record<string, unknown>>): number {
  let n = 0;
  for (const key of Object.keys(object)) if (object[key] !== undefined) n++;
  return n;
}

/** The first branch that takes the value. Where one of two is null, nothing need be tried. */
function writeUnion({ branches }: UnionType, known: Known): Write {
  const writes = branches.map((branch) => compileWriter(branch, known));
  const empty = branches.findIndex((branch) => branch.kind === 'null');
  const only = branches.length === 2 && empty >= 0 ? 1 - empty : -1;
  return (sink, value) => {
    if (value === null || value === undefined) {
      if (empty < 0) throw new FormatError('no branch of the union is null', { code: 'not-in-schema' });
      sink.long(empty);
      return;
    }
    if (only >= 0) {
      sink.long(only);
      (writes[only] as Write)(sink, value); // it is the other one of two
      return;
    }
    firstThatTakes(sink, value, writes);
  };
}

function firstThatTakes(sink: Sink, value: unknown, writes: readonly Write[]): void {
  const { at } = sink;
  for (const [i, write] of writes.entries()) {
    try {
      sink.long(i);
      write(sink, value);
      return;
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      sink.at = at;
    }
  }
  throw new FormatError('no branch of the union takes the value', { code: 'not-in-schema' });
}

function writeFixed(type: FixedType): Write {
  const { size, logical } = type;
  return (sink, value) => {
    const bytes =
      logical?.name === 'decimal'
        ? decimalBytes(value, logical, size)
        : logical?.name === 'uuid'
          ? uuidBytes(value)
          : value;
    if (!(bytes instanceof Uint8Array) || bytes.length !== size) throw misfit(type);
    sink.raw(bytes);
  };
}

function writePrimitive(type: PrimitiveType): Write {
  const { kind, logical } = type;
  switch (kind) {
    case 'null':
      return (_sink, value) => {
        if (value !== null) throw misfit(type);
      };
    case 'boolean':
      return (sink, value) => {
        if (typeof value !== 'boolean') throw misfit(type);
        sink.byte(value ? 1 : 0);
      };
    case 'int':
    case 'long':
      return (sink, value) => sink.long(integerOf(logical === undefined ? value : countOfText(logical, value), type));
    case 'float':
    case 'double':
      return (sink, value) => writeReal(sink, value, type);
    case 'string':
      return (sink, value) => {
        if (typeof value !== 'string') throw misfit(type);
        sink.text(value);
      };
    case 'bytes':
      return (sink, value) => {
        const bytes = logical?.name === 'decimal' ? decimalBytes(value, logical) : value;
        if (!(bytes instanceof Uint8Array)) throw misfit(type);
        sink.long(bytes.length);
        sink.raw(bytes);
      };
  }
}

function writeReal(sink: Sink, value: unknown, type: PrimitiveType): void {
  if (typeof value !== 'number') throw misfit(type);
  if (type.kind === 'double') sink.double(value);
  else if (Number.isNaN(value) || Math.fround(value) === value) sink.float(value);
  else throw new FormatError('digits would be lost: the field is a float', { code: 'lossy-number' });
}

function integerOf(value: unknown, type: PrimitiveType): number | bigint {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw misfit(type);
    if (type.kind === 'int' ? value === (value | 0) : Number.isSafeInteger(value)) return value;
    throw new FormatError(`a number that ${type.kind} does not hold exactly`, { code: 'lossy-number' });
  }
  if (typeof value === 'string' && type.kind === 'long' && WIDE.test(value) && !Number.isSafeInteger(Number(value)))
    return integerOf(BigInt(value), type);
  if (typeof value !== 'bigint' || type.kind === 'int' || value >= MAX_LONG || value < -MAX_LONG) throw misfit(type);
  return value;
}

function objectOf(value: unknown, type: AvroType): Readonly<Record<string, unknown>> {
  if (value === null || typeof value !== 'object' || Array.isArray(value) || ArrayBuffer.isView(value))
    throw misfit(type);
  return value as Readonly<Record<string, unknown>>; // a plain object
}

function misfit(type: AvroType): FormatError {
  return new FormatError(`expected ${nameOf(type)}`, { code: 'not-in-schema' });
}
