import {
  BatchWriter,
  type Codec,
  headerName,
  type RawBatch,
  type ReaderOptions,
  RecordReader,
} from '../../../../src/brokers/kafka/wire/index.ts';
import type { Header } from '../../../../src/core/record.ts';

export interface WireRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly Header[];
}

/** Everything a reader has, up to `most` records; `next` is where it stands then. */
export function readAll(
  bytes: Buffer,
  options: Partial<ReaderOptions> = {},
): { readonly records: WireRecord[]; readonly next: number } {
  const reader = new RecordReader(bytes, { where: 'topic/0', from: 0, ...options });
  const records: WireRecord[] = [];
  readSome(reader, records);
  return { records, next: reader.next };
}

export function readSome(reader: RecordReader, into: WireRecord[], most?: number): number {
  return reader.read(
    {
      record: (offset, timestamp, key, value, headers) =>
        into.push({ offset, timestamp, key, value, headers: headers.entries() }),
    },
    most,
  );
}

export interface WriteOptions {
  readonly codec?: Codec;
  readonly maxBytes?: number;
  readonly batchBytes?: number;
}

/** Records through a writer; `text` hands values that are valid UTF-8 over as strings. Throws when one is too large. */
export function writeAll(
  records: readonly Omit<WireRecord, 'offset'>[],
  { codec = 'none', maxBytes = 8 * 1024 * 1024, ...more }: WriteOptions = {},
): readonly RawBatch[] {
  const writer = new BatchWriter({ codec, maxBytes, ...more });
  for (const { timestamp, key, value, headers } of records) {
    writer.begin(timestamp, key, value);
    for (const header of headers) writer.header(headerName(header.name), header.value);
    if (!writer.end()) throw new Error('a record is too large');
  }
  return writer.finish();
}

/** What a broker does to a batch it takes: the offsets become its own. The checksum does not cover them. */
export function placeAt(batch: Buffer, offset: number): Buffer {
  const placed = Buffer.from(batch);
  placed.writeBigInt64BE(BigInt(offset), 0);
  return placed;
}

/** For comparing many at once: buffers are compared byte by byte in slow motion, text is not. */
export function asText<T extends { readonly key: Buffer | null; readonly value: Buffer | null }>(record: T): object {
  const { key, value } = record;
  return { ...record, key: key?.toString('latin1') ?? null, value: value?.toString('latin1') ?? null };
}
