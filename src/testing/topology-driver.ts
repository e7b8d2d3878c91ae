import { MemoryBroker } from '../brokers/memory/broker.ts';
import { type ClusterFaults, MemoryCluster } from '../brokers/memory/cluster.ts';
import type { NewRecord, StoredRecord } from '../brokers/memory/log.ts';
import type { RunObserver } from '../core/observer.ts';
import { type RunOptions, type RunSummary, runPlan } from '../runtime/run.ts';
import type { Plan } from '../topology/plan.ts';
import { ManualClock } from './manual-clock.ts';

export interface DriverOptions {
  /** Records a batch holds at most; a function gives it anew for every poll. Default: as many as there are. */
  readonly cut?: number | ((poll: number) => number);
  /** Partitions of the input topics. */
  readonly partitions?: number;
  readonly seed?: number;
  readonly faults?: ClusterFaults;
  /** See TaskChannel. */
  readonly checkpointBytes?: number;
  readonly observer?: RunObserver;
  readonly run?: Partial<RunOptions>;
}

interface Process {
  readonly broker: MemoryBroker;
  readonly stop: AbortController;
  readonly work: Promise<RunSummary>;
}

/**
 * Runs a plan over literal records, on a clock that stands still unless told to go on: what Kafka's TopologyTestDriver is to
 * its streams. Nothing sleeps; a crash, a pause and the end of the input are calls.
 *
 * Example: `driver.feed('in', ['{"n":1}']); const summary = await driver.end(); driver.values('out')` → `['{"n":1}']`
 */
export class TopologyDriver {
  readonly clock = new ManualClock(1_000_000);
  readonly cluster: MemoryCluster;
  private plan: Plan;
  private options: DriverOptions;
  private process: Process | undefined;

  constructor(plan: Plan, options: DriverOptions = {}) {
    this.plan = plan;
    this.options = options;
    const { cut, seed, faults, checkpointBytes, partitions = 1 } = options;
    this.cluster = new MemoryCluster({
      clock: this.clock,
      ...(seed === undefined ? {} : { seed }),
      ...(faults === undefined ? {} : { faults }),
      ...(checkpointBytes === undefined ? {} : { checkpointBytes }),
      ...(cut === undefined ? {} : { cut: typeof cut === 'number' ? () => cut : cut }),
    });
    for (const stage of plan.stages)
      for (const input of stage.inputs)
        if (!input.internal) for (const topic of input.topics) this.cluster.createTopic(topic, partitions);
  }

  /** Adds records to an input; a text is a record's value. */
  feed(topic: string, records: readonly (Partial<NewRecord> | string)[], partition = 0): void {
    this.cluster.append(topic, records, partition);
  }

  /** Lets the topology work for so long. */
  async advance(ms: number): Promise<void> {
    this.start();
    await this.clock.advance(ms);
  }

  /** The process dies where it stands; the next call starts another one. */
  async crash(): Promise<void> {
    const running = this.process;
    if (running === undefined) return;
    this.process = undefined;
    running.broker.kill();
    await this.clock.until(running.work.catch(() => {})); // it is dead, that is what was asked for
  }

  /** Dies the nth time the broker comes by the fault point (any, when no name is given); false when it ended before. */
  async crashAt(nth: number, name?: string): Promise<boolean> {
    await this.crash();
    let left = nth;
    let died = false;
    const point = (at: string): void => {
      if (died || (name !== undefined && at !== name) || left-- > 0) return;
      died = true;
      process.broker.kill();
      throw new Error(`killed at ${at}`);
    };
    const process = this.launch(point);
    this.boundInputs();
    await this.clock.until(process.work.catch(() => {})); // as above
    this.process = undefined;
    return died;
  }

  /** The next process has another plan or other options: a deployment. What runs dies. */
  restartWith(plan: Plan, run: Partial<RunOptions> = {}): this {
    this.process?.broker.kill();
    this.process = undefined;
    this.plan = plan;
    this.options = { ...this.options, run };
    return this;
  }

  /** A clean stop: the last commit carries a checkpoint. */
  async pause(): Promise<RunSummary> {
    const running = this.process ?? this.start();
    running.stop.abort(new Error('paused'));
    this.process = undefined;
    return this.clock.until(running.work);
  }

  /** The inputs end here: runs until everything has left, and gives the totals. More can be fed afterwards. */
  async end(): Promise<RunSummary> {
    this.boundInputs();
    const running = this.process ?? this.start();
    this.process = undefined;
    return this.clock.until(running.work);
  }

  /** What a reader sees in a topic, with offsets. */
  read(topic: string, partition = 0): readonly StoredRecord[] {
    return this.cluster.hasTopic(topic) ? this.cluster.read(topic, partition) : [];
  }

  /** Values as text. */
  values(topic: string, partition = 0): string[] {
    return this.read(topic, partition).map(({ value }) => textOf(value));
  }

  /** Everything a reader can tell apart: value, key, own and foreign headers; one line a record. */
  lines(topic: string, partition = 0): string[] {
    return this.read(topic, partition).map(({ key, value, headers }) =>
      [
        textOf(value),
        key === null ? '' : `key=${textOf(key)}`,
        ...headers.map((header) => `${header.name}=${textOf(header.value)}`),
      ].join(' '),
    );
  }

  private boundInputs(): void {
    for (const stage of this.plan.stages)
      for (const input of stage.inputs)
        if (!input.internal) for (const topic of input.topics) this.cluster.bound(topic);
  }

  private start(): Process {
    this.process ??= this.launch();
    return this.process;
  }

  private launch(point?: (name: string) => void): Process {
    const broker = new MemoryBroker(this.cluster, { bounded: true, ...(point === undefined ? {} : { point }) });
    const stop = new AbortController();
    const { observer, run } = this.options;
    const work = runPlan({
      plan: this.plan,
      broker,
      clock: this.clock,
      signal: stop.signal,
      untilEnd: true,
      ...(observer === undefined ? {} : { observer }),
      ...run,
    });
    work.catch(() => {}); // whoever waits for it gets the error
    return { broker, stop, work };
  }
}

function textOf(value: Uint8Array | string | null): string {
  if (value === null) return 'null';
  return typeof value === 'string' ? value : new TextDecoder().decode(value);
}
