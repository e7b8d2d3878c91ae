import { FormatError } from '../../core/errors.ts';
import type { DataRecord } from '../../core/record.ts';
import { HEADER_BYTES } from '../registry/wire.ts';
import { nameOf } from './match.ts';
import { compileReader, type Read } from './read.ts';
import type { Sink } from './sink.ts';
import { Tap } from './tap.ts';
import type { AvroField, AvroType, RecordType } from './types.ts';
import { compileWriter, type Write } from './write.ts';

/** One field of a record, as it is written. */
interface FieldCopy {
  readonly field: AvroField;
  readonly read: Read;
  readonly write: Write;
}

export interface Original {
  /** The payload, with its header. */
  readonly bytes: Buffer;
  readonly type: AvroType;
  readonly sink: Sink;
}

/** Writes changed records with the schema they came with; fields that no patch is about keep their very bytes. */
export class Patcher {
  private readonly reader: AvroType | undefined;
  private readonly copies = new WeakMap<RecordType, readonly FieldCopy[]>();
  private readonly tap = new Tap();

  /** `reader`: the schema the values were read as, whose names the patches use. */
  constructor(reader: AvroType | undefined) {
    this.reader = reader;
  }

  /** Throws FormatError `not-in-schema` for a patch the schema has no place for. */
  encode(record: DataRecord, { bytes, type, sink }: Original): Uint8Array {
    if (type.kind !== 'record')
      throw new FormatError(`a changed value of ${nameOf(type)} cannot be written: only a record has fields`, {
        code: 'unencodable',
      });
    const touched = this.touched(record, type);
    const data = record.data as Readonly<Record<string, unknown>>; // a record was read
    const { tap } = this;
    tap.reset(bytes, HEADER_BYTES);
    sink.at = 0;
    sink.raw(bytes, 0, HEADER_BYTES);
    for (const { field, read, write } of this.copiesOf(type)) {
      const start = tap.at;
      read(tap);
      const name = touched.get(field);
      if (name === undefined) sink.raw(bytes, start, tap.at);
      else if (Object.hasOwn(data, name)) write(sink, data[name]);
      else throw notInSchema(`the field ${field.name} was removed, and ${nameOf(type)} has it`);
    }
    return sink.take();
  }

  /** Fields of the writer's schema that patches are about, and what the patches call them. */
  private touched(record: DataRecord, type: RecordType): ReadonlyMap<AvroField, string> {
    const touched = new Map<AvroField, string>();
    for (const { path } of record.patches ?? []) {
      const name = String(path[0] ?? '');
      const field = type.fields.find((one) => one.name === name) ?? this.aliased(type, name);
      // a field that was made and taken away again
      if (field === undefined && !Object.hasOwn(record.data as object, name)) continue;
      if (field === undefined) throw notInSchema(`${nameOf(type)} has no field ${name}`);
      touched.set(field, name);
    }
    return touched;
  }

  private aliased(type: RecordType, name: string): AvroField | undefined {
    if (this.reader?.kind !== 'record') return undefined;
    const aliases = this.reader.fields.find((field) => field.name === name)?.aliases ?? [];
    return type.fields.find((field) => aliases.includes(field.name));
  }

  private copiesOf(type: RecordType): readonly FieldCopy[] {
    let copies = this.copies.get(type);
    if (copies === undefined) {
      copies = type.fields.map((field) => ({
        field,
        read: compileReader(field.type).read,
        write: compileWriter(field.type),
      }));
      this.copies.set(type, copies);
    }
    return copies;
  }
}

function notInSchema(what: string): FormatError {
  return new FormatError(`${what}: give this output a schema of the new shape (\`schema: { file: … }\`)`, {
    code: 'not-in-schema',
  });
}
