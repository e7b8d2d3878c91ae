import { isUtf8 } from 'node:buffer';
import { TopicReader } from '../brokers/kafka/read-topic.ts';
import type { KafkaSettings } from '../brokers/kafka/settings.ts';
import type { Finding } from '../core/finding.ts';
import { OWN_HEADER_PREFIX, REDACTED_HEADER } from '../core/outgoing-headers.ts';
import type { DataRecord, Origin } from '../core/record.ts';
import { bytesCodec } from '../formats/bytes.ts';
import type { QuarantineEntry } from './entry.ts';

export interface KafkaQuarantineOptions {
  readonly settings: KafkaSettings;
  readonly topology: string;
  readonly topic: string;
  /** A record of the topic that is no entry of this topology. */
  readonly onForeign: () => void;
}

/**
 * What is committed of a topology's quarantine on Kafka, up to where it ends now, partition after partition. Throws as
 * TopicReader does.
 */
export async function* kafkaQuarantine(options: KafkaQuarantineOptions): AsyncGenerator<QuarantineEntry> {
  const { settings, topic, topology, onForeign } = options;
  await using reader = new TopicReader({ settings, topic, codec: bytesCodec(), isOurs: true });
  for (const { partition, start, end } of await reader.bounds())
    for await (const records of reader.read({ partition, from: start, to: end }))
      for (const record of records) {
        const entry = entryOf(record, topology);
        if (entry === undefined) onForeign();
        else yield entry;
      }
}

/** Undefined for a record that another topology, or another program, has written. */
export function entryOf(record: DataRecord, topology: string): QuarantineEntry | undefined {
  const all = record.headers.entries();
  const text = (name: string) => textOf(all.findLast((header) => header.name === `${OWN_HEADER_PREFIX}${name}`)?.value);
  const origin = parse<Origin>(text('origin'));
  if (typeof origin?.topic !== 'string' || text('topology') !== topology) return undefined;
  const findings = parse<readonly Finding[]>(text('findings'));
  const { offset, source, key, timestamp } = record;
  return {
    at: offset,
    partition: source.partition,
    ...(text('stub') === undefined ? { value: keptValue(record) } : { value: null, stub: stubOf(record) }),
    key,
    timestamp,
    time: Number.NaN, // stream time does not travel
    headers: all.filter(({ name }) => !name.startsWith(OWN_HEADER_PREFIX)),
    findings: Array.isArray(findings) ? findings : [],
    origin,
    step: text('step') ?? 'input',
    attempt: Math.max(1, Number(text('attempt')) || 1),
    redacted: all.some(({ name }) => name === REDACTED_HEADER),
  };
}

/** Bytes that are text as text. */
function keptValue({ payload }: DataRecord): QuarantineEntry['value'] {
  return payload instanceof Uint8Array && isUtf8(payload) ? textOf(payload) : (payload ?? null);
}

function stubOf({ payload }: DataRecord): NonNullable<QuarantineEntry['stub']> {
  const stub = payload instanceof Uint8Array ? parse<QuarantineEntry['stub']>(textOf(payload)) : undefined;
  return { bytes: stub?.bytes ?? 0, sha256: stub?.sha256 ?? '' };
}

function textOf(bytes: Uint8Array): string;
function textOf(bytes: Uint8Array | null | undefined): string | undefined;
function textOf(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes == null ? undefined : Buffer.from(bytes).toString();
}

/** Undefined for what is no JSON: our own headers are, and nobody else may write to this topic. */
function parse<T>(text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as T; // the shape of our own headers
  } catch {
    return undefined;
  }
}
