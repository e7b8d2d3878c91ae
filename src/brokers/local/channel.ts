import type { Batch, CommitRequest, OutgoingBatch, Position, TaskChannel, TaskStart } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import type { Domain } from './domain.ts';
import { encodeInternal } from './internal-topic.ts';
import { CommitLines, type LineFormat } from './lines.ts';
import type { ReadMark, TaskEntry } from './manifest.ts';
import type { Append } from './outputs.ts';
import { Boundaries, type PollLimit, type TaskSource } from './task-source.ts';
import { BufferPool } from './text-buffer.ts';

export interface ChannelOptions {
  readonly task: string;
  readonly topic: string;
  readonly domain: Domain;
  readonly source: TaskSource;
  readonly entry: TaskEntry | undefined;
  readonly begin: ReadMark;
  /** File of a repartition topic, below the folder. */
  readonly internalFile: (topic: string) => string;
  readonly formatOf: (batch: OutgoingBatch) => LineFormat;
  /** A later stage waits for this one: it has ended only when it wrote `end`. */
  readonly feeds: boolean;
  /** In this run the task has come to the end of its input and has said so, now or in a run before. */
  readonly onEnded: () => void;
  /** The task closed after it had read and committed everything. */
  readonly onDone: () => void;
  /** Waits until it is this task's turn to read; false when it is not by then. */
  readonly turn: (untilMs: number, signal: AbortSignal) => Promise<boolean>;
  /** Throws when the task was opened again meanwhile. */
  readonly fence: () => void;
}

export class LocalChannel implements TaskChannel {
  readonly start: TaskStart;
  private readonly options: ChannelOptions;
  private readonly boundaries = new Boundaries();
  private position: Position;
  private committed: Position;
  private ended: boolean;
  private atEnd = false;
  private polled = false;
  private closed = false;
  private failed = false;
  /** Lines of the commit being filled. */
  private readonly pool = new BufferPool();
  private staged = new CommitLines(this.pool);

  constructor(options: ChannelOptions) {
    this.options = options;
    const { entry, begin, domain, task } = options;
    const at = entry?.at ?? begin;
    this.position = at.position;
    this.committed = at.position;
    this.ended = entry?.ended ?? false;
    this.boundaries.reset(at);
    this.start = { position: at.position, committed: entry?.info, ...domain.readState(task) };
  }

  async poll(limit: PollLimit, signal: AbortSignal): Promise<Batch> {
    this.live();
    const { source, entry, begin } = this.options;
    if (!this.polled) {
      this.polled = true;
      const at = this.boundaries.at(this.position) ?? entry?.at ?? begin;
      await source.moveTo(at);
    }
    if (!(await this.options.turn(limit.untilMs, signal))) return this.nothing();
    // up to the committed position is replay: a batch does not reach over it
    const replay = this.committed - this.position;
    const batch = await source.poll(
      replay > 0 ? { ...limit, records: Math.min(limit.records, replay) } : limit,
      signal,
    );
    this.position = batch.next;
    this.atEnd = source.ended;
    if (this.atEnd && this.ended && this.position === this.committed) this.options.onEnded();
    this.boundaries.push(source.mark());
    return batch;
  }

  private nothing(): Batch {
    const { position: from } = this;
    const { topic } = this.options;
    return { topic, partition: 0, from, next: from, end: -1, logStart: 0, records: [], atEnd: false, bytes: 0 };
  }

  seek(position: Position): void {
    this.live();
    const { entry, begin } = this.options;
    const mark = [entry?.checkpointAt, entry?.at, begin].find((known) => known?.position === position);
    if (this.polled || mark === undefined)
      throw new BrokerError(
        `cannot go back to position ${position} of ${this.options.task}: only ${entry?.checkpointAt.position ?? begin.position} (newest checkpoint) and ${this.committed} (committed) are kept, and only before the first poll`,
        { code: 'seek-unknown' },
      );
    this.position = position;
    this.boundaries.reset(mark);
    if (entry !== undefined && entry.at.position !== position) this.boundaries.push(entry.at);
  }

  stage(batch: OutgoingBatch): boolean {
    if (batch.role === 'repartition') return false;
    this.staged.add(batch, this.options.formatOf(batch));
    return true;
  }

  async commit(request: CommitRequest): Promise<void> {
    this.live();
    const { domain, source, task, feeds, fence } = this.options;
    const at = this.boundaries.at(request.next);
    if (at === undefined)
      throw new BrokerError(`cannot commit ${task} at ${request.next}: no poll ended there`, {
        code: 'commit-unknown',
      });
    const ended = this.endedAt(request, feeds);
    this.failed = true;
    const lines = this.staged;
    this.staged = new CommitLines(this.pool);
    await domain.commit({
      task,
      appends: this.appends(request.outputs, lines),
      info: request.info,
      at,
      parts: await source.partsAt(at),
      ended,
      fence,
      ...(request.checkpoint === undefined ? {} : { checkpoint: request.checkpoint }),
    });
    lines.written();
    this.failed = false;
    this.committed = request.next;
    this.ended = ended;
    if (ended) this.options.onEnded();
  }

  private endedAt(request: CommitRequest, feeds: boolean): boolean {
    if (this.ended && request.next === this.committed) return true;
    if (!this.atEnd || request.next !== this.position) return false;
    if (!feeds) return true;
    return request.outputs.some((batch) => batch.upstream?.some((upstream) => upstream.control === 'end') ?? false);
  }

  private appends(outputs: readonly OutgoingBatch[], lines: CommitLines): Append[] {
    const internal = new Map<string, Uint8Array[]>();
    for (const batch of outputs) {
      if (batch.role !== 'repartition') {
        lines.add(batch, this.options.formatOf(batch));
        continue;
      }
      const file = this.options.internalFile(batch.topic);
      const chunks = internal.get(file) ?? [];
      internal.set(file, chunks);
      chunks.push(encodeInternal(batch));
    }
    return [...[...internal].map(([file, chunks]) => ({ file, chunks })), ...lines.appends()];
  }

  private live(): void {
    if (this.closed) throw new BrokerError(`task ${this.options.task} is closed`, { code: 'closed' });
    this.options.fence();
  }

  async close(): Promise<void> {
    if (!this.closed && !this.failed && this.atEnd && this.committed === this.position) this.options.onDone();
    if (this.closed) return;
    this.closed = true;
    await this.options.source.close();
  }
}
