import { type LogBounds, TopicReader } from '../brokers/kafka/read-topic.ts';
import { ReplayProducer, type ReturningRecord } from '../brokers/kafka/replay-producer.ts';
import type { KafkaSettings } from '../brokers/kafka/settings.ts';
import type { FaultPoint } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { bytesCodec } from '../formats/bytes.ts';
import type { Plan } from '../topology/plan.ts';
import type { Choice } from './choice.ts';
import { matches, type QuarantineEntry } from './entry.ts';
import { entryOf } from './kafka-quarantine.ts';
import { placeMetadata, type ReplayPlace, type ReplayRequest, type ReplayRun, readRun } from './replay-run.ts';

/** Entries of one transaction at most. */
const CHUNK_RECORDS = 500;

export interface KafkaReplayOptions {
  readonly plan: Plan;
  readonly topic: string;
  readonly settings: KafkaSettings;
  readonly clock: Clock;
  /** For tests: moments at which a process may die. */
  readonly point?: FaultPoint;
}

export interface SendOptions {
  readonly choice: Choice;
  /** Values as a fix makes them, parallel to the entries. */
  readonly fix: (entries: readonly QuarantineEntry[]) => Promise<readonly (string | Uint8Array)[]>;
  readonly perSecond: number | undefined;
  readonly signal: AbortSignal;
  /** Entries that were deleted from the quarantine before their turn came. */
  readonly onGone: (partition: number, offsets: number) => void;
}

/**
 * Sends entries of a quarantine on Kafka back to the partitions they came from. Every transaction holds records and how far
 * the replay is, so that one that dies goes on where it was, and a record goes at most once in a replay.
 */
export class KafkaReplay implements AsyncDisposable {
  private readonly options: KafkaReplayOptions;
  private readonly reader: TopicReader;
  private readonly producer: ReplayProducer;

  constructor(options: KafkaReplayOptions) {
    const { plan, topic, settings, clock, point = () => {} } = options;
    this.options = options;
    this.reader = new TopicReader({ settings, topic, codec: bytesCodec(), isOurs: true, clock });
    this.producer = new ReplayProducer({ settings, topology: plan.name, clock, point });
  }

  /** The replays of the topology that the brokers remember; `run` is asked for also where no list names it. */
  async known(run?: string): Promise<readonly ReplayRun[]> {
    const { topic, plan } = this.options;
    const places = (await this.reader.bounds()).map(({ partition }) => ({ topic, partition }));
    const runs: ReplayRun[] = [];
    const names = new Set(await this.producer.runs());
    if (run !== undefined) names.add(run);
    for (const name of names) {
      const found = readRun(name, `${plan.name}/replay/${name}`, await this.producer.committed(name, places));
      if (found !== undefined) runs.push(found);
    }
    return runs;
  }

  /** Shuts out earlier replays, whose last word can then be read by known(). */
  async takeOver(run: string): Promise<void> {
    const { plan } = this.options;
    await this.producer.fence(run, plan.stages[0]?.inputs.flatMap(({ topics }) => topics) ?? []);
  }

  /** Fixes what belongs to a new replay: the quarantine as far as it goes now. */
  async open(run: string, request: ReplayRequest): Promise<ReplayRun> {
    const places = (await this.reader.bounds()).map(
      ({ partition, start, end }): ReplayPlace => ({ partition, from: start, next: start, end, sent: 0 }),
    );
    const opened = { run, request, places };
    await this.producer.commit([], () => places.map((place) => this.offset(place, request)));
    return opened;
  }

  /** Gives the replay as far as it came: to its end, or until `signal`. */
  async send({ run, request, places }: ReplayRun, options: SendOptions): Promise<ReplayRun> {
    const bounds = await this.reader.bounds();
    const done: ReplayPlace[] = [];
    for (const place of places) done.push(await this.sendPartition({ run, request, place, bounds }, options));
    return { run, request, places: done };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.reader[Symbol.asyncDispose]();
    await this.producer[Symbol.asyncDispose]();
  }

  private async sendPartition({ run, request, place, bounds }: Part, options: SendOptions): Promise<ReplayPlace> {
    const { choice, signal, perSecond } = options;
    let at = this.skipGone(place, bounds, options);
    const most =
      perSecond === undefined ? CHUNK_RECORDS : Math.max(1, Math.min(CHUNK_RECORDS, Math.floor(perSecond / 4)));
    let chunk: QuarantineEntry[] = [];
    let committed = place.next;
    const flush = async (next: number) => {
      const sent = await this.sendChunk(chunk, { run, request, place: { ...at, next } }, options);
      at = { ...at, next, sent: at.sent + sent };
      committed = next;
      if (perSecond !== undefined)
        await this.options.clock.sleep((1000 * chunk.length) / perSecond, signal).catch(() => {}); // asked to stop
      chunk = [];
    };
    for await (const entry of this.entries(at)) {
      if (signal.aborted) return at;
      if (entry === undefined) choice.leave('foreign');
      if (entry === undefined || !matches(entry, request.filter) || !this.takes(choice, entry)) continue;
      chunk.push(entry);
      if (chunk.length === most) await flush(entry.at + 1);
    }
    if (!signal.aborted && committed < at.end) await flush(at.end);
    return at;
  }

  private takes(choice: Choice, entry: QuarantineEntry): boolean {
    if (!choice.takes(entry)) return false;
    if (this.producer.hasPartition(entry.origin)) return true;
    choice.leave('partition');
    return false;
  }

  /** What retention has deleted since is no longer there to be sent. */
  private skipGone(place: ReplayPlace, bounds: readonly LogBounds[], { onGone }: SendOptions): ReplayPlace {
    const start = bounds.find(({ partition }) => partition === place.partition)?.start ?? 0;
    const next = Math.min(place.end, Math.max(place.next, start));
    if (next > place.next) onGone(place.partition, next - place.next);
    return { ...place, next };
  }

  /** Undefined: a record that another topology, or another program, has written. */
  private async *entries({ partition, next, end }: ReplayPlace): AsyncGenerator<QuarantineEntry | undefined> {
    for await (const records of this.reader.read({ partition, from: next, to: end }))
      for (const record of records) yield entryOf(record, this.options.plan.name);
  }

  /** Gives how many went. */
  private async sendChunk(
    chunk: readonly QuarantineEntry[],
    { run, request, place }: Omit<Part, 'bounds'>,
    { choice, fix }: SendOptions,
  ): Promise<number> {
    const values = chunk.length === 0 ? [] : await fix(chunk);
    const records = chunk.map(({ key, timestamp, headers, attempt, origin, step }, i): ReturningRecord => {
      const value = values[i] ?? ''; // parallel
      return { key, value, timestamp, headers, mark: { attempt, origin, step, run } };
    });
    const went = await this.producer.commit(records, (sent) => [
      this.offset({ ...place, sent: place.sent + sent }, request),
    ]);
    choice.leave('size', records.length - went);
    return went;
  }

  private offset(place: ReplayPlace, request: ReplayRequest) {
    const { topic } = this.options;
    const { partition, next } = place;
    return { place: { topic, partition }, next, metadata: placeMetadata(place, request) };
  }
}

interface Part {
  readonly run: string;
  readonly request: ReplayRequest;
  readonly place: ReplayPlace;
  readonly bounds: readonly LogBounds[];
}
