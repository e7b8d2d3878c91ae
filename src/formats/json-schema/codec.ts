import type { Codec } from '../../core/codec.ts';
import { FormatError } from '../../core/errors.ts';
import { DataRecord } from '../../core/record.ts';
import { jsonCodec } from '../json/codec.ts';
import { RegisteredSchema } from '../registry/output.ts';
import type { OutputSchema } from '../registry/register.ts';
import type { SchemaCache } from '../registry/schema-cache.ts';
import { framed, HEADER_BYTES, schemaIdOf, withHeader } from '../registry/wire.ts';
import { compileSchema, type Valid } from './validator.ts';

export interface JsonSchemaOptions {
  readonly cache: SchemaCache;
  readonly output?: OutputSchema;
}

const MAX_COMPILED = 1000;

/**
 * JSON values with the id of their JSON Schema before them. What is read fits its schema, or is FormatError
 * `schema-violation`; what is written does too. Untouched parts of the text keep their bytes, as with `json`.
 */
export function jsonSchemaCodec({ cache, output }: JsonSchemaOptions): Codec {
  const json = jsonCodec();
  const valid = new Validators(cache);
  const target = output === undefined ? undefined : new RegisteredSchema(output, 'JSON', cache);
  const own = output === undefined ? undefined : compileSchema(output.text, []);
  const bodyOf = (record: DataRecord): Uint8Array => {
    const { payload } = record;
    const isOurs = payload != null && record.codec.name === 'json-schema';
    const inner = isOurs ? inside(record, framed(payload).subarray(HEADER_BYTES), json) : record;
    const body = json.encode(inner);
    return typeof body === 'string' ? Buffer.from(body) : (body ?? new Uint8Array());
  };
  const checked = (body: Uint8Array, check: Valid): Uint8Array => {
    check(json.decode(body));
    return body;
  };
  return {
    name: 'json-schema',
    decode(payload) {
      const bytes = framed(payload);
      const value = json.decode(bytes.subarray(HEADER_BYTES));
      valid.of(bytes.readUInt32BE(1))(value);
      return value;
    },
    prepare: (records) => cache.prepare(records),
    open: () => target?.open() ?? cache.open(),
    encode(record) {
      const { payload } = record;
      if (payload === null) return null;
      const isOurs = payload instanceof Uint8Array && record.codec.name === 'json-schema';
      const id = isOurs ? schemaIdOf(payload) : -1;
      if (isOurs && record.patches === undefined && (target === undefined || target.id === id)) return payload;
      if (target !== undefined && own !== undefined) return withHeader(target.id, checked(bodyOf(record), own));
      if (isOurs) return withHeader(id, checked(bodyOf(record), valid.of(id)));
      throw new FormatError(
        'a record that did not come with a JSON Schema has none: give this output `schema: { file: … }`',
        { code: 'unencodable' },
      );
    },
  };
}

/** The record as the plain JSON codec would have it: its text without the header. */
function inside(record: DataRecord, body: Buffer, codec: Codec): DataRecord {
  const { source, offset, patches } = record;
  const inner = new DataRecord({ source, offset, payload: body, codec });
  inner.patches = patches;
  return inner;
}

class Validators {
  private readonly cache: SchemaCache;
  private readonly compiled = new Map<number, Valid>();

  constructor(cache: SchemaCache) {
    this.cache = cache;
  }

  of(id: number): Valid {
    const known = this.compiled.get(id);
    if (known !== undefined) return known;
    const schema = this.cache.get(id);
    if (schema.kind !== 'JSON')
      throw new FormatError(`schema ${id} is an Avro one, not a JSON Schema`, { code: 'wrong-schema' });
    const made = compileSchema(schema.text, schema.references);
    if (this.compiled.size >= MAX_COMPILED) this.compiled.clear();
    this.compiled.set(id, made);
    return made;
  }
}
