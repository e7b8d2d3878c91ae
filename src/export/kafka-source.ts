import { TopicReader } from '../brokers/kafka/read-topic.ts';
import type { KafkaSettings } from '../brokers/kafka/settings.ts';
import type { CertificateStamp } from '../core/certificate.ts';
import type { Codec } from '../core/codec.ts';
import type { DataRecord, Origin } from '../core/record.ts';
import { bytesCodec } from '../formats/bytes.ts';
import { jsonCodec } from '../formats/json/codec.ts';
import { schemaIdOf } from '../formats/registry/wire.ts';
import { atRecord, type ExportedRecord, type ExportSource, type FindingName, namesOf } from './source.ts';

/**
 * A topic of Kafka that Sluice has written, read committed. With `avro`, which has a registry, values are made JSON. Throws as
 * TopicReader and the codec do.
 */
export function kafkaSource(settings: KafkaSettings, topic: string, avro?: Codec): ExportSource {
  const reader = new TopicReader({ settings, topic, codec: avro ?? bytesCodec(), isOurs: true });
  const json = avro === undefined ? undefined : jsonCodec();
  return {
    kind: 'kafka',
    topic,
    notes: [],
    hasOrigins: true,
    bounds: async () => {
      await avro?.open?.();
      return reader.bounds();
    },
    async *read(range) {
      for await (const records of reader.read(range)) {
        await avro?.prepare?.(records);
        yield records.map((record) => (json === undefined ? exported(record) : inJson(record, json)));
      }
    },
    close: () => reader[Symbol.asyncDispose](),
  };
}

/** Throws FormatError with the offset for a value that is not of the topic's format. */
function inJson(record: DataRecord, json: Codec): ExportedRecord {
  const { payload, offset, source } = record;
  if (!(payload instanceof Uint8Array)) return exported(record);
  const value = atRecord(source.partition, offset, () => json.encode(record));
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return { ...exported(record), value: bytes, schema: schemaIdOf(payload) };
}

function exported(record: DataRecord): ExportedRecord {
  let origin: Origin | undefined;
  let findings: readonly FindingName[] = [];
  let certificate: CertificateStamp | undefined;
  for (const { name, value } of record.headers.entries()) {
    if (name === 'sluice-origin') origin = parsed(value);
    else if (name === 'sluice-findings') findings = parsed<readonly FindingName[]>(value) ?? [];
    else if (name === 'sluice-certificate') certificate = parsed(value);
  }
  const { offset, timestamp, key, payload } = record;
  return {
    offset,
    timestamp,
    key,
    value: typeof payload === 'string' ? Buffer.from(payload) : (payload ?? null),
    findings: namesOf(findings),
    ...(origin === undefined ? {} : { origin }),
    ...(certificate === undefined ? {} : { certificate: { topology: certificate.topology, plan: certificate.plan } }),
  };
}

/** A header of ours as it was written; undefined for what another program wrote under its name. */
function parsed<T>(value: Uint8Array | null): T | undefined {
  try {
    return JSON.parse(Buffer.from(value ?? []).toString()) as T; // the shape of our own headers
  } catch {
    return undefined;
  }
}
