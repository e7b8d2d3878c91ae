import { BodyReader, BodyWriter } from './body.ts';
import type { AbortedTransaction } from './committed-filter.ts';
import { protocolError } from './kafkajs.ts';
import { request, throttle, type WireNode } from './request.ts';

const API_KEY = 1;
/** The last one before the flexible encoding. */
const VERSION = 11;
const NO_SESSION = { id: 0, epoch: -1 };
/** The node may answer this much later than it was asked to, milliseconds. */
const SLACK_MS = 5000;

export interface FetchPosition {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly maxBytes: number;
}

export interface FetchOptions {
  readonly maxWaitMs: number;
  readonly minBytes: number;
  /** Over all partitions; the first batch comes whole even when it is larger. */
  readonly maxBytes: number;
  readonly isolation: 'read_committed' | 'read_uncommitted';
  readonly rack?: string;
}

/** One partition's answer. `code` other than 0: nothing else in it counts. */
export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  /** The protocol's number: 1 OFFSET_OUT_OF_RANGE, 6 NOT_LEADER_OR_FOLLOWER, … */
  readonly code: number;
  readonly highWatermark: number;
  /** Everything below is settled; -1 under read_uncommitted. */
  readonly lastStable: number;
  readonly logStart: number;
  readonly aborted: readonly AbortedTransaction[];
  /** For RecordReader; a view of the whole answer. */
  readonly records: Buffer;
}

/**
 * Fetches from the node that leads the partitions; waits up to `maxWaitMs` for `minBytes`. Rejects when the whole request
 * was refused; errors of single partitions are in their `code`.
 *
 * fetch v11: replica i32 | max wait i32 | min bytes i32 | max bytes i32 | isolation i8 | session i32, epoch i32
 *            | [topic | [partition i32 | leader epoch i32 | offset i64 | log start i64 | max bytes i32]] | [forgotten] | rack
 * answer:    throttle i32 | error i16 | session i32 | [topic | [partition i32 | error i16 | high watermark i64
 *            | last stable i64 | log start i64 | [producer i64 | first offset i64] | replica i32 | length i32, batches]]
 */
export async function fetchRecords(
  node: WireNode,
  positions: readonly FetchPosition[],
  options: FetchOptions,
): Promise<readonly Fetched[]> {
  const answer = await request(node, {
    apiKey: API_KEY,
    apiVersion: VERSION,
    apiName: 'Fetch',
    body: [encode(positions, options)],
    expectsAnswer: true,
    timeoutMs: options.maxWaitMs + SLACK_MS,
  });
  const reader = new BodyReader(answer ?? Buffer.alloc(0));
  await throttle(node, API_KEY, reader.int32());
  const code = reader.int16();
  reader.int32(); // session
  if (code !== 0) throw protocolError(code, 'fetching');
  return reader.array(() => decodeTopic(reader)).flat();
}

function encode(positions: readonly FetchPosition[], options: FetchOptions): Buffer {
  const topics = Map.groupBy(positions, (position) => position.topic);
  const writer = new BodyWriter().int32(-1).int32(options.maxWaitMs).int32(options.minBytes).int32(options.maxBytes);
  writer.int8(options.isolation === 'read_committed' ? 1 : 0);
  writer.int32(NO_SESSION.id).int32(NO_SESSION.epoch).int32(topics.size);
  for (const [topic, partitions] of topics) {
    writer.string(topic).int32(partitions.length);
    for (const { partition, offset, maxBytes } of partitions)
      writer.int32(partition).int32(-1).int64(offset).int64(-1).int32(maxBytes);
  }
  return writer
    .int32(0)
    .string(options.rack ?? '')
    .take();
}

function decodeTopic(reader: BodyReader): Fetched[] {
  const topic = reader.string() ?? '';
  return reader.array(() => {
    const partition = reader.int32();
    const code = reader.int16();
    const highWatermark = reader.int64();
    const lastStable = reader.int64();
    const logStart = reader.int64();
    const aborted = reader.array(() => ({ producerId: reader.int64(), firstOffset: reader.int64() }));
    reader.int32(); // preferred replica
    const records = reader.slice(Math.max(reader.int32(), 0));
    return { topic, partition, code, highWatermark, lastStable, logStart, aborted, records };
  });
}
