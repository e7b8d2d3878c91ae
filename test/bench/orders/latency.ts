import { setTimeout as sleep } from 'node:timers/promises';
import {
  CommittedFilter,
  fetchRecords,
  forgetAnsweredRequests,
  keepAnswersWhole,
  RecordReader,
} from '../../../src/brokers/kafka/wire/index.ts';
import type { Headers } from '../../../src/core/record.ts';
import { connectNode, type TestNode } from '../../support/kafka/wire-node.ts';

const FETCH = { maxWaitMs: 50, minBytes: 1, maxBytes: 8_000_000, isolation: 'read_committed' } as const;
const ORIGIN = 'sluice-origin';
/** A partition has at most so many times its share of the records. */
const UNEVEN = 1.5;

export interface LatencyTopics {
  readonly input: string;
  /** A record lies in the partition of its original. */
  readonly output: string;
  /** Of each of them. */
  readonly partitions: number;
  /** So many at most: there is room for them from the start, since growing would hold up whoever takes the time. */
  readonly records: number;
}

/** Milliseconds, smallest first. */
export interface Latencies {
  /** From when a record fell due at its producer until it was there for a consumer of the output. */
  readonly total: Float64Array;
  /** From when its original was there for a consumer of the input, until then: what the job has added. */
  readonly added: Float64Array;
}

/** Reads input and output as consumers do, side by side, and notes for each record of the output how long it took. */
export class LatencyReader {
  private readonly input: TopicReader;
  private readonly output: TopicReader;
  private readonly total: Samples;
  private readonly added: Samples;
  /** By partition: when each record of the input was there, milliseconds; its index is the offset. */
  private readonly arrivals: readonly Samples[];

  private constructor(nodes: readonly [TestNode, TestNode], { input, output, partitions, records }: LatencyTopics) {
    this.total = new Samples(records);
    this.added = new Samples(records);
    this.arrivals = Array.from({ length: partitions }, () => new Samples(Math.ceil((UNEVEN * records) / partitions)));
    this.input = new TopicReader(nodes[0], { topic: input, partitions }, ({ partition, offset, now }) =>
      this.arrivals[partition]!.set(offset, now),
    );
    this.output = new TopicReader(nodes[1], { topic: output, partitions }, ({ partition, timestamp, headers, now }) => {
      this.total.add(now - timestamp);
      const arrival = this.arrivals[partition]!.at(originOf(headers));
      this.added.add(Number.isNaN(arrival) ? 0 : now - arrival); // this reader may be ahead of the other
    });
  }

  static async connect(broker: string, topics: LatencyTopics): Promise<LatencyReader> {
    keepAnswersWhole(); // what is collected here is counted as late
    forgetAnsweredRequests();
    return new LatencyReader([await connectNode(broker), await connectNode(broker)], topics);
  }

  /** Records of the output, since the start. */
  get seen(): number {
    return this.output.seen;
  }

  /** Of what was seen since the last call. */
  take(): Latencies {
    return { total: this.total.take(), added: this.added.take() };
  }

  /** Resolves when nothing came for so long. */
  async quiet(ms: number): Promise<void> {
    for (let before = -1; before !== this.seen; ) {
      before = this.seen;
      await sleep(ms);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.input.close(), this.output.close()]);
  }
}

interface Arrival {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly headers: Headers;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

class TopicReader {
  seen = 0;
  private readonly node: TestNode;
  private readonly topic: string;
  private readonly offsets: number[];
  private readonly onRecord: (arrival: Arrival) => void;
  private readonly reading: Promise<void>;
  private isStopping = false;

  constructor(
    node: TestNode,
    { topic, partitions }: { readonly topic: string; readonly partitions: number },
    onRecord: (arrival: Arrival) => void,
  ) {
    this.node = node;
    this.topic = topic;
    this.offsets = new Array<number>(partitions).fill(0);
    this.onRecord = onRecord;
    this.reading = this.readAll();
  }

  async close(): Promise<void> {
    this.isStopping = true;
    await this.reading;
    await this.node.disconnect();
  }

  private async readAll(): Promise<void> {
    const { node, topic, offsets, onRecord } = this;
    while (!this.isStopping) {
      const positions = offsets.map((offset, partition) => ({ topic, partition, offset, maxBytes: 2_000_000 }));
      for (const { partition, records, aborted } of await fetchRecords(node, positions, FETCH)) {
        const now = performance.timeOrigin + performance.now();
        const committed = new CommittedFilter(aborted);
        const reader = new RecordReader(records, { where: topic, from: offsets[partition]!, committed });
        this.seen += reader.read({
          record: (offset, timestamp, _key, _value, headers) =>
            onRecord({ partition, offset, timestamp, headers, now }),
        });
        offsets[partition] = reader.next;
      }
    }
  }
}

class Samples {
  private readonly values: Float64Array;
  private length = 0;

  constructor(most: number) {
    this.values = new Float64Array(most).fill(Number.NaN); // written to: it is there
  }

  add(value: number): void {
    this.set(this.length, value);
  }

  set(index: number, value: number): void {
    if (index >= this.values.length) throw new RangeError(`more than ${this.values.length} records`);
    this.values[index] = value;
    this.length = Math.max(this.length, index + 1);
  }

  at(index: number): number {
    return index < this.length ? this.values[index]! : Number.NaN;
  }

  /** Smallest first; it begins anew. */
  take(): Float64Array {
    const taken = this.values.slice(0, this.length).sort();
    this.length = 0;
    return taken;
  }
}

function originOf(headers: Headers): number {
  const origin = headers.entries().find(({ name }) => name === ORIGIN)?.value;
  return JSON.parse(Buffer.from(origin ?? []).toString()).offset;
}
