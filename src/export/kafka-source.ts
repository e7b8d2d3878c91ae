import { TopicReader } from '../brokers/kafka/read-topic.ts';
import type { KafkaSettings } from '../brokers/kafka/settings.ts';
import type { DataRecord, Origin } from '../core/record.ts';
import { bytesCodec } from '../formats/bytes.ts';
import type { Certificate, ExportedRecord, ExportSource, FindingName } from './source.ts';

/** A topic of Kafka that Sluice has written, read committed. Throws as TopicReader does. */
export function kafkaSource(settings: KafkaSettings, topic: string): ExportSource {
  const reader = new TopicReader({ settings, topic, codec: bytesCodec(), isOurs: true });
  return {
    kind: 'kafka',
    topic,
    notes: [],
    hasOrigins: true,
    bounds: () => reader.bounds(),
    async *read(range) {
      for await (const records of reader.read(range)) yield records.map(exported);
    },
    close: () => reader[Symbol.asyncDispose](),
  };
}

function exported(record: DataRecord): ExportedRecord {
  let origin: Origin | undefined;
  let findings: readonly FindingName[] = [];
  let certificate: Certificate | undefined;
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
    findings: findings.map(({ step, rule, severity }) => ({ step, rule, severity })),
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
