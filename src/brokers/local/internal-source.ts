import { open } from 'node:fs/promises';
import type { Batch, StageInput, Upstream } from '../../core/broker.ts';
import type { Clock } from '../../core/clock.ts';
import type { DataRecord } from '../../core/record.ts';
import { onFile, readFully } from './files.ts';
import { InternalDecoder } from './internal-topic.ts';
import type { PartMark, ReadMark } from './manifest.ts';
import { CHUNK_BYTES } from './part-bytes.ts';
import type { PollLimit, TaskSource } from './task-source.ts';

/** How often the writers are looked at while there is nothing to read. */
const LOOK_EVERY_MS = 5;

export interface InternalOptions {
  readonly input: StageInput;
  readonly path: string;
  readonly clock: Clock;
  /** Durable bytes of the file, and whether everything above is done. */
  readonly progress: () => { readonly length: number; readonly complete: boolean };
  readonly follow: boolean;
}

/** A repartition topic: one file of ours, read only as far as it is durable. */
export class InternalSource implements TaskSource {
  ended = false;
  private readonly options: InternalOptions;
  private readonly decoder: InternalDecoder;
  private position = 0;
  /** Offset in the file of the next record; `buffer[at]` is its first byte. */
  private offset = 0;
  private buffer: Buffer = Buffer.alloc(0);
  private at = 0;

  constructor(options: InternalOptions) {
    this.options = options;
    this.decoder = new InternalDecoder(options.input);
  }

  async moveTo(mark: ReadMark): Promise<void> {
    this.position = mark.position;
    this.offset = mark.offset;
    this.buffer = Buffer.alloc(0);
    this.at = 0;
    this.ended = false;
  }

  mark(): ReadMark {
    return { position: this.position, part: 0, offset: this.offset };
  }

  async poll(limit: PollLimit, signal: AbortSignal): Promise<Batch> {
    const from = this.position;
    const records: DataRecord[] = [];
    const upstream: Upstream[] = [];
    let bytes = 0;
    this.ended = false;
    while (records.length < limit.records && bytes < limit.bytes && !signal.aborted) {
      const { length, complete } = this.options.progress();
      if (this.offset < length) {
        const next = await this.next(length);
        records.push(next.record);
        upstream.push(next.upstream);
        bytes += next.bytes;
        continue;
      }
      this.ended = complete;
      if (complete || records.length > 0 || !(await this.wait(limit.untilMs, signal))) break;
    }
    const positions = Float64Array.from(records, (_, i) => from + i);
    const { topic } = this.options.input;
    const atEnd = this.ended && !this.options.follow;
    const end = atEnd ? this.position : -1;
    const { position: next } = this;
    return { topic, partition: 0, from, next, end, logStart: 0, records, atEnd, bytes, positions, upstream };
  }

  private async next(length: number) {
    for (let want = CHUNK_BYTES; ; want *= 2) {
      const found = this.decoder.decode(this.buffer, this.at);
      if (found !== undefined) {
        this.at += found.bytes;
        this.offset += found.bytes;
        this.position++;
        return found;
      }
      await this.fill(Math.min(want, length - this.offset));
    }
  }

  private async fill(bytes: number): Promise<void> {
    const { path } = this.options;
    this.buffer = await onFile('read the internal topic', path, async () => {
      await using file = await open(path, 'r');
      return Buffer.from((await readFully(file, this.offset, bytes)).buffer, 0);
    });
    this.at = 0;
  }

  private async wait(untilMs: number, signal: AbortSignal): Promise<boolean> {
    const left = untilMs - this.options.clock.elapsed();
    if (left <= 0) return false;
    try {
      await this.options.clock.sleep(Math.min(left, LOOK_EVERY_MS), signal);
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
    return true;
  }

  async partsAt(): Promise<readonly PartMark[]> {
    return [];
  }

  async close(): Promise<void> {
    this.buffer = Buffer.alloc(0);
  }
}
