import type { Codec } from '../../core/codec.ts';
import { FormatError } from '../../core/errors.ts';
import type { DataRecord } from '../../core/record.ts';
import { RegisteredSchema } from '../registry/output.ts';
import type { OutputSchema } from '../registry/register.ts';
import type { SchemaCache } from '../registry/schema-cache.ts';
import { framed, HEADER_BYTES, schemaIdOf } from '../registry/wire.ts';
import { parseAvro } from './parse.ts';
import { Patcher } from './patcher.ts';
import { compileReader, type Read } from './read.ts';
import { Sink } from './sink.ts';
import { Tap } from './tap.ts';
import type { AvroType } from './types.ts';
import { compileWriter } from './write.ts';

export interface AvroOptions {
  readonly cache: SchemaCache;
  /** Text of the schema values are read as; undefined: as they were written. */
  readonly reader?: string;
  readonly output?: OutputSchema;
}

/** More schemas than a topic has in its life; then they are compiled again. */
const MAX_COMPILED = 10_000;

/**
 * Avro values with the id of their schema before them. An unchanged record keeps its bytes and id. A changed one keeps
 * its schema, and the bytes of every field that no patch is about, as long as its shape is that of the schema; what is
 * written by `output` has that schema's. Throws ConfigError for a schema that is none.
 */
export function avroCodec({ cache, reader: readerText, output }: AvroOptions): Codec {
  const reader = readerText === undefined ? undefined : parseAvro(readerText);
  const reads = new Reads(cache, reader);
  const patcher = new Patcher(reader);
  const sink = new Sink();
  const target = output === undefined ? undefined : outputWriter(output, cache);
  return {
    name: 'avro',
    decode: (payload) => reads.decode(payload),
    prepare: (records) => cache.prepare(records),
    open: () => target?.open() ?? cache.open(),
    encode(record) {
      const { payload, patches } = record;
      if (payload === null) return null;
      if (target !== undefined) return target.encode(record, sink);
      if (payload === undefined || record.codec.name !== 'avro')
        throw new FormatError(
          'a record that did not come as Avro has no schema: give this output `schema: { file: … }`',
          { code: 'unencodable' },
        );
      if (patches === undefined) return payload;
      const bytes = framed(payload);
      return patcher.encode(record, { bytes, type: avroOf(cache, bytes.readUInt32BE(1)), sink });
    },
  };
}

function avroOf(cache: SchemaCache, id: number): AvroType {
  const schema = cache.get(id);
  if (schema.kind === 'AVRO') return schema.type;
  throw new FormatError(`schema ${id} is a JSON Schema, not an Avro one`, { code: 'wrong-schema' });
}

/** A compiled reader an id. */
class Reads {
  private readonly cache: SchemaCache;
  private readonly reader: AvroType | undefined;
  private readonly compiled = new Map<number, Read>();
  private readonly tap = new Tap();
  private lastId = -1;
  private last: Read | undefined;

  constructor(cache: SchemaCache, reader: AvroType | undefined) {
    this.cache = cache;
    this.reader = reader;
  }

  decode(payload: Uint8Array | string): unknown {
    const bytes = framed(payload);
    const id = bytes.readUInt32BE(1);
    const read = id === this.lastId && this.last !== undefined ? this.last : this.readOf(id);
    const { tap } = this;
    tap.reset(bytes, HEADER_BYTES);
    const value = read(tap);
    tap.finish();
    return value;
  }

  private readOf(id: number): Read {
    let read = this.compiled.get(id);
    if (read === undefined) {
      read = compileReader(avroOf(this.cache, id), this.reader).read;
      if (this.compiled.size >= MAX_COMPILED) this.compiled.clear();
      this.compiled.set(id, read);
    }
    this.lastId = id;
    this.last = read;
    return read;
  }
}

function outputWriter(output: OutputSchema, cache: SchemaCache) {
  const write = compileWriter(parseAvro(output.text));
  const registered = new RegisteredSchema(output, 'AVRO', cache);
  return {
    open: () => registered.open(),
    encode(record: DataRecord, sink: Sink): Uint8Array {
      const { id } = registered;
      const { payload } = record;
      const isSame = record.patches === undefined && record.codec.name === 'avro' && payload instanceof Uint8Array;
      if (isSame && schemaIdOf(payload) === id) return payload;
      const { data } = record;
      sink.at = 0;
      sink.byte(0);
      sink.uint32(id);
      write(sink, data);
      return sink.take();
    },
  };
}
