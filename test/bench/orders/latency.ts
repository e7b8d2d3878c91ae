import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommittedFilter, fetchRecords, RecordReader } from '../../../src/brokers/kafka/wire/index.ts';
import type { FastProducer } from '../../support/kafka/fast-producer.ts';
import { connectNode, type TestNode } from '../../support/kafka/wire-node.ts';
import type { FileLines } from './file-lines.ts';
import { keyOf } from './fill-topic.ts';

/** Records due are sent so often; what they wait for it counts. */
const TICK_MS = 5;
/** Of a load that rises: records a second at first, the factor of a step, how long it lasts. */
const FIRST_RATE = 10_000;
const STEP = 1.25;
const STEP_SECONDS = 1.5;
const FIRST_DELAYS = 1 << 20;
const FETCH = { maxWaitMs: 50, minBytes: 1, maxBytes: 8_000_000, isolation: 'read_committed' } as const;

export interface Sending {
  /** The first line sent, and the first one not sent any more. */
  readonly from: number;
  readonly to: number;
  readonly perSecond: number;
}

/** Sends records as they fall due; the timestamp of each is when it fell due. */
export async function sendPaced(producer: FastProducer, lines: FileLines, sending: Sending): Promise<void> {
  const { from, perSecond } = sending;
  const to = Math.min(sending.to, lines.length);
  const start = performance.now();
  const begun = performance.timeOrigin + start;
  for (let at = from; at < to; ) {
    const due = Math.min(to, from + Math.ceil(((performance.now() - start) * perSecond) / 1000));
    for (; at < due; at++) {
      const line = lines.at(at);
      producer.write(keyOf(line), line, begun + ((at - from) * 1000) / perSecond);
    }
    await producer.flush();
    await sleep(TICK_MS);
  }
}

export interface Ramp {
  readonly from: number;
  readonly to: number;
  /** Share of the time of all cores that shall be in use. */
  readonly load: number;
}

/**
 * Sends faster and faster until the machine is as busy as asked for; it stays at the first rate until that is no such load any
 * more, since all that has just begun is busy compiling. Gives the rate, and the first line not sent.
 */
export async function sendRising(
  producer: FastProducer,
  lines: FileLines,
  { from, to, load }: Ramp,
): Promise<{ readonly perSecond: number; readonly next: number }> {
  let perSecond = FIRST_RATE;
  let isWarm = false;
  for (let at = from; at < to; ) {
    const next = at + Math.round(perSecond * STEP_SECONDS);
    const before = coreTimes();
    await sendPaced(producer, lines, { from: at, to: next, perSecond });
    const after = coreTimes();
    at = next;
    const isBusy = (after.busy - before.busy) / (after.all - before.all) >= load;
    if (isBusy && isWarm) return { perSecond, next: at };
    if (!isBusy) perSecond = Math.round(perSecond * STEP);
    isWarm ||= !isBusy;
  }
  throw new Error(
    `${perSecond} records/s are ${isWarm ? 'no' : 'more than a'} ${100 * load} % load, to the last record`,
  );
}

/** Of all cores since the start of the machine. */
function coreTimes(): { readonly busy: number; readonly all: number } {
  const times = cpus().map((core) => core.times);
  const all = times.reduce((sum, one) => sum + one.user + one.nice + one.sys + one.irq + one.idle, 0);
  return { busy: all - times.reduce((sum, one) => sum + one.idle, 0), all };
}

/** Reads what is committed, and notes for each record how long ago it fell due at its producer. */
export class LatencyReader {
  seen = 0;
  private delaysMs = new Float64Array(FIRST_DELAYS);
  private delays = 0;
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
    const taken = this.delaysMs.slice(0, this.delays).sort();
    this.delays = 0;
    return taken;
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

  private note(delayMs: number): void {
    if (this.delays === this.delaysMs.length) {
      const more = new Float64Array(2 * this.delays);
      more.set(this.delaysMs);
      this.delaysMs = more;
    }
    this.delaysMs[this.delays++] = delayMs;
  }

  private async readAll(): Promise<void> {
    const { node, topic, offsets } = this;
    while (!this.isStopping) {
      const positions = offsets.map((offset, partition) => ({ topic, partition, offset, maxBytes: 2_000_000 }));
      for (const { partition, records, aborted } of await fetchRecords(node, positions, FETCH)) {
        const now = performance.timeOrigin + performance.now();
        const committed = new CommittedFilter(aborted);
        const reader = new RecordReader(records, { where: topic, from: offsets[partition]!, committed });
        const note = (timestamp: number) => this.note(now - timestamp);
        this.seen += reader.read({ record: (_offset, timestamp) => note(timestamp) });
        offsets[partition] = reader.next;
      }
    }
  }
}
