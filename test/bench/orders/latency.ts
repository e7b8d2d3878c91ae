import { setTimeout as sleep } from 'node:timers/promises';
import { CommittedFilter, fetchRecords, RecordReader } from '../../../src/brokers/kafka/wire/index.ts';
import type { FastProducer } from '../../support/kafka/fast-producer.ts';
import { connectNode, type TestNode } from '../../support/kafka/wire-node.ts';
import { keyOf } from './fill-topic.ts';

/** Records due are sent so often; what they wait for it counts. */
const TICK_MS = 5;
const FETCH = { maxWaitMs: 50, minBytes: 1, maxBytes: 8_000_000, isolation: 'read_committed' } as const;

/** Sends records as they fall due; the timestamp of each is when it fell due. */
export async function sendPaced(producer: FastProducer, lines: readonly string[], perSecond: number): Promise<void> {
  const start = performance.now();
  const begun = performance.timeOrigin + start;
  for (let sent = 0; sent < lines.length; ) {
    const due = Math.min(lines.length, Math.ceil(((performance.now() - start) * perSecond) / 1000));
    for (; sent < due; sent++) {
      const line = lines[sent]!;
      producer.write(keyOf(line), line, begun + (sent * 1000) / perSecond);
    }
    await producer.flush();
    await sleep(TICK_MS);
  }
}

/** Reads what is committed, and notes for each record how long ago it fell due at its producer. */
export class LatencyReader {
  seen = 0;
  private delaysMs: number[] = [];
  private readonly node: TestNode;
  private readonly topic: string;
  private readonly offsets: number[];
  private isStopping = false;
  private readonly reading: Promise<void>;

  private constructor(node: TestNode, topic: string, partitions: number) {
    this.node = node;
    this.topic = topic;
    this.offsets = new Array<number>(partitions).fill(0);
    this.reading = this.readAll();
  }

  static async connect(broker: string, topic: string, partitions: number): Promise<LatencyReader> {
    return new LatencyReader(await connectNode(broker), topic, partitions);
  }

  /** Delays since the last call, smallest first. */
  take(): Float64Array {
    const { delaysMs } = this;
    this.delaysMs = [];
    return Float64Array.from(delaysMs).sort();
  }

  /** Resolves when nothing came for so long. */
  async quiet(ms: number): Promise<void> {
    for (let before = -1; before !== this.seen; ) {
      before = this.seen;
      await sleep(ms);
    }
  }

  async close(): Promise<void> {
    this.isStopping = true;
    await this.reading;
    await this.node.disconnect();
  }

  private async readAll(): Promise<void> {
    const { node, topic, offsets } = this;
    while (!this.isStopping) {
      const positions = offsets.map((offset, partition) => ({ topic, partition, offset, maxBytes: 2_000_000 }));
      for (const { partition, records, aborted } of await fetchRecords(node, positions, FETCH)) {
        const now = performance.timeOrigin + performance.now();
        const committed = new CommittedFilter(aborted);
        const reader = new RecordReader(records, { where: topic, from: offsets[partition]!, committed });
        const note = (timestamp: number) => void this.delaysMs.push(now - timestamp);
        this.seen += reader.read({ record: (_offset, timestamp) => note(timestamp) });
        offsets[partition] = reader.next;
      }
    }
  }
}
