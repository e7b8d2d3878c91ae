import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Batch, Position } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import type { KafkaNode } from './client.ts';
import type { Cluster } from './cluster.ts';
import { endOfBatches } from './fetched-end.ts';
import type { InputSink, PassageSink } from './input-sink.ts';
import type { Lane } from './lane.ts';
import type { Offsets, Place } from './offsets.ts';
import { kindOf, OFFSET_OUT_OF_RANGE, protocolFailure } from './protocol-errors.ts';
import { CommittedFilter, type Fetched, fetchRecords, RecordReader } from './wire/index.ts';

export interface PartitionReaderOptions {
  readonly cluster: Cluster;
  readonly lane: Lane;
  readonly offsets: Offsets;
  readonly place: Place;
  readonly position: Position;
  readonly sink: InputSink | PassageSink;
  /** Records from this offset on are not read. */
  readonly limit: () => number;
  /** Longest time without an answer before it is an error. */
  readonly patienceMs: number;
  readonly onFetched?: (fetched: {
    readonly bytes: number;
    readonly highWatermark: number;
    readonly lastStable: number;
  }) => void;
}

/** Fetched ahead while the records before are worked on. */
const AHEAD_BYTES = 2 * 1024 * 1024;
const FETCH_BYTES = 1024 * 1024;
const MAX_WAIT_MS = 500;
const FIRST_BACKOFF_MS = 20;
const MAX_BACKOFF_MS = 500;
/** Records taken between two looks at the limit of bytes. */
const STRIDE = 128;

/**
 * Reads one partition, committed records only: fetches ahead over a socket of its own, decodes what is asked for. Positions
 * are next offsets; gaps (control records, aborted, compacted) move them without records.
 */
export class PartitionReader {
  private readonly options: PartitionReaderOptions;
  private readonly stopping = new AbortController();
  private readonly chunks: { readonly reader: RecordReader; readonly bytes: number }[] = [];
  private at: Position;
  private fetchAt: Position;
  private ahead = 0;
  private fetching: Promise<void> | undefined;
  private failure: unknown;
  /** Of whoever waits. */
  private woken = Promise.withResolvers<void>();
  /** Monotonic milliseconds of the next time it is woken in any case. */
  private alarmAt = Number.POSITIVE_INFINITY;
  private heard: AbortSignal | undefined;
  private wantMore = Promise.withResolvers<void>();
  private end = -1;
  private logStart = 0;
  /** Records were deleted before they were read: the log begins here. */
  private lostTo: Position | undefined;

  constructor(options: PartitionReaderOptions) {
    this.options = options;
    this.at = options.position;
    this.fetchAt = options.position;
  }

  /** Next offset to give. */
  get position(): Position {
    return this.at;
  }

  /** Something was fetched and not taken yet; it may turn out to hold no record. */
  get hasChunks(): boolean {
    if (this.at >= this.options.limit()) return false;
    return this.chunks.length > 0 || this.lostTo !== undefined;
  }

  /** Only before the first wait. */
  seek(position: Position): void {
    if (this.fetching !== undefined) throw new BrokerError('seek after the first poll', { code: 'late-seek' });
    this.at = position;
    this.fetchAt = position;
  }

  /** Until something is there, `untilMs` has come or `signal` aborts; maybe sooner. Rejects with what ended the fetching. */
  async wait(untilMs: number, signal: AbortSignal): Promise<void> {
    this.fetching ??= this.fetchAll();
    if (this.failure !== undefined) throw this.failure;
    // other tasks and their answers get their turn, also when there is always something to read
    if (this.hasChunks) return nextTurn();
    const leftMs = untilMs - this.options.cluster.clock.elapsed();
    if (leftMs <= 0 || signal.aborted) return nextTurn();
    this.woken = Promise.withResolvers();
    this.wakeIn(leftMs, untilMs);
    this.wakeOn(signal);
    await this.woken.promise;
    if (this.failure !== undefined) throw this.failure;
  }

  take(limit: { readonly records: number; readonly bytes: number }): Omit<Batch, 'topic' | 'partition' | 'atEnd'> {
    const { sink } = this.options;
    const from = this.at;
    const end = this.options.limit();
    let left = limit.records;
    while (left > 0 && this.at < end && sink.size < limit.bytes) {
      const chunk = this.chunks[0];
      if (chunk === undefined) break;
      const given = chunk.reader.read(sink, Math.min(left, STRIDE));
      left -= given;
      this.at = Math.min(end, Math.max(this.at, chunk.reader.next));
      if (given === 0) this.drop();
    }
    return { from, next: this.at, end: this.end, logStart: this.lostTo ?? this.logStart, ...sink.take() };
  }

  async close(): Promise<void> {
    this.stopping.abort();
    this.woken.resolve();
    this.wantMore.resolve();
    this.chunks.length = 0;
  }

  /** An alarm that is no longer waited for is left to ring: to set and cancel one for every answer costs more than to wake once in vain. */
  private wakeIn(leftMs: number, atMs: number): void {
    if (atMs >= this.alarmAt) return;
    this.alarmAt = atMs;
    const ring = () => {
      if (this.alarmAt === atMs) this.alarmAt = Number.POSITIVE_INFINITY;
      this.woken.resolve();
    };
    this.options.cluster.clock.sleep(leftMs, this.stopping.signal).then(ring, ring);
  }

  private wakeOn(signal: AbortSignal): void {
    if (this.heard === signal) return;
    this.heard = signal;
    signal.addEventListener('abort', () => this.woken.resolve(), { once: true });
  }

  private drop(): void {
    const chunk = this.chunks.shift();
    this.ahead -= chunk?.bytes ?? 0;
    this.wantMore.resolve();
  }

  private async fetchAll(): Promise<void> {
    const { signal } = this.stopping;
    try {
      while (!signal.aborted && this.lostTo === undefined) {
        if (this.ahead >= AHEAD_BYTES) {
          this.wantMore = Promise.withResolvers();
          if (this.ahead >= AHEAD_BYTES) await this.wantMore.promise;
        } else await this.add(await this.fetchOnce());
      }
    } catch (error) {
      if (signal.aborted) return;
      this.failure = error;
      this.woken.resolve();
    }
  }

  private async add(fetched: Fetched | undefined): Promise<void> {
    if (fetched === undefined) return;
    const { highWatermark, lastStable, logStart, records, aborted } = fetched;
    const { place, onFetched } = this.options;
    this.end = highWatermark;
    this.logStart = logStart;
    onFetched?.({ bytes: records.length, highWatermark, lastStable });
    if (records.length === 0) return;
    const from = this.fetchAt;
    this.fetchAt = Math.max(from, endOfBatches(records));
    const where = `${place.topic}/${place.partition}`;
    const reader = new RecordReader(records, { where, from, committed: new CommittedFilter(aborted) });
    this.chunks.push({ reader, bytes: records.length });
    this.ahead += records.length;
    this.woken.resolve();
  }

  /** One answer; undefined when the log begins beyond the position. Looks for the leader again as long as there is hope. */
  private async fetchOnce(): Promise<Fetched | undefined> {
    const { cluster, lane, place, patienceMs } = this.options;
    const { signal } = this.stopping;
    const deadline = cluster.clock.elapsed() + patienceMs;
    for (let backoffMs = FIRST_BACKOFF_MS; ; backoffMs = Math.min(MAX_BACKOFF_MS, backoffMs * 2)) {
      let node: KafkaNode | undefined;
      try {
        node = await lane.node(await lane.leaderId(place.topic, place.partition));
        const answer = await this.request(node);
        if (answer.code === 0) return answer;
        if (answer.code === OFFSET_OUT_OF_RANGE) return await this.outOfRange();
        throw protocolFailure(answer.code, 'fetching');
      } catch (error) {
        if (signal.aborted) return undefined;
        const kind = kindOf(error);
        cluster.onError(kind);
        if (!['stale', 'busy', 'lost'].includes(kind) || cluster.clock.elapsed() > deadline) throw error;
        if (kind === 'lost' && node !== undefined) await lane.drop(node);
        await cluster.refresh().catch(() => {}); // the next round tells
        await cluster.clock.sleep(backoffMs, signal).catch(() => {});
      }
    }
  }

  private async request(node: KafkaNode): Promise<Fetched> {
    const position = { ...this.options.place, offset: this.fetchAt, maxBytes: FETCH_BYTES };
    const [answer] = await fetchRecords(node, [position], {
      maxWaitMs: MAX_WAIT_MS,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      isolation: 'read_committed',
    });
    if (answer === undefined) throw protocolFailure(-1, 'fetching');
    return answer;
  }

  /** Never a silent jump: either the log begins later, which whoever polls sees, or the position is beyond its end. */
  private async outOfRange(): Promise<undefined> {
    const { offsets, place } = this.options;
    const logStart = await offsets.logStart(place);
    if (this.fetchAt >= logStart)
      throw new BrokerError(
        `offset ${this.fetchAt} lies beyond the end of ${place.topic}/${place.partition}: the topic was made anew, or lost records with a failed node. Give --accept-offsets after setting the group's offset where reading shall go on`,
        { code: 'offset-beyond-end' },
      );
    this.lostTo = logStart;
    this.logStart = logStart;
    this.woken.resolve();
  }
}
