import { BodyReader, BodyWriter } from './body.ts';
import { protocolError } from './kafkajs.ts';
import { request, throttle, type WireNode } from './request.ts';

const API_KEY = 0;
/** The last one before the flexible encoding; says why a record was refused. */
const VERSION = 8;

/** At most one batch a partition and request. */
export interface PartitionBatch {
  readonly topic: string;
  readonly partition: number;
  /** From RawBatch.seal. */
  readonly batch: Buffer;
}

export interface ProduceOptions {
  readonly transactionalId: string | null;
  /** All in-sync replicas (-1) or the leader alone (1). */
  readonly acks: -1 | 1;
  /** How long the node may wait for its replicas, milliseconds. */
  readonly timeoutMs: number;
}

/** Where a batch went. */
export interface Produced {
  readonly topic: string;
  readonly partition: number;
  readonly baseOffset: number;
}

/**
 * Sends batches to the node that leads their partitions. Rejects when one was refused, with the protocol's `code` and
 * `type` (10 MESSAGE_TOO_LARGE, 47 INVALID_PRODUCER_EPOCH, …); the others may have been written.
 *
 * produce v8: transactional id | acks i16 | timeout i32 | [topic | [partition i32 | bytes: length i32, batch]]
 * answer:     [topic | [partition i32 | error i16 | base offset i64 | append time i64 | log start i64
 *             | [index i32 | message] | message]] | throttle i32
 */
export async function produce(
  node: WireNode,
  batches: readonly PartitionBatch[],
  options: ProduceOptions,
): Promise<readonly Produced[]> {
  const answer = await request(node, {
    apiKey: API_KEY,
    apiVersion: VERSION,
    apiName: 'Produce',
    body: encode(batches, options),
    expectsAnswer: true,
    timeoutMs: options.timeoutMs,
  });
  const { produced, throttleMs, failure } = decode(answer ?? Buffer.alloc(0));
  await throttle(node, API_KEY, throttleMs);
  if (failure !== undefined) throw failure;
  return produced;
}

function encode(batches: readonly PartitionBatch[], options: ProduceOptions): Uint8Array[] {
  const topics = new Map<string, PartitionBatch[]>();
  for (const batch of batches) {
    const known = topics.get(batch.topic);
    if (known === undefined) topics.set(batch.topic, [batch]);
    else known.push(batch);
  }
  const body: Uint8Array[] = [];
  const writer = new BodyWriter().string(options.transactionalId).int16(options.acks).int32(options.timeoutMs);
  writer.int32(topics.size);
  for (const [topic, partitions] of topics) {
    writer.string(topic).int32(partitions.length);
    for (const { partition, batch } of partitions) {
      body.push(writer.int32(partition).int32(batch.length).take(), batch);
    }
  }
  body.push(writer.take());
  return body;
}

function decode(answer: Buffer): { produced: Produced[]; throttleMs: number; failure: Error | undefined } {
  const reader = new BodyReader(answer);
  const produced: Produced[] = [];
  let failure: Error | undefined;
  reader.array(() => {
    const topic = reader.string() ?? '';
    reader.array(() => {
      const partition = reader.int32();
      const code = reader.int16();
      const baseOffset = reader.int64();
      reader.int64(); // append time
      reader.int64(); // log start
      const reasons = reader.array(() => `${reader.int32()}: ${reader.string() ?? 'no reason given'}`);
      const reason = [reader.string() ?? '', ...reasons.slice(0, 3)].join(' ').trim();
      if (code === 0) produced.push({ topic, partition, baseOffset });
      else failure ??= protocolError(code, `writing to ${topic}/${partition}${reason === '' ? '' : ` (${reason})`}`);
    });
  });
  return { produced, throttleMs: reader.int32(), failure };
}
