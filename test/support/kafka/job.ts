import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, planOf } from '../../../src/cli/load.ts';
import { partitionOf } from '../../../src/core/murmur2.ts';
import { kafkaBroker } from '../../../src/run-kafka.ts';
import { planTopics } from '../../../src/topology/index.ts';
import type { KafkaRun } from '../../crash/kafka-run.ts';
import { deliver, type Message } from './deliver.ts';
import { Member } from './member.ts';
import { readTopic } from './read-topic.ts';
import { topicName, until, withAdmin } from './topics.ts';

export interface JobOptions {
  readonly brokers: readonly string[];
  readonly partitions?: number;
  /** More lines of the topology; `{name}` stands for its name. */
  readonly more?: string;
  /** Time between checkpoints; default 150ms. */
  readonly checkpoint?: string;
  readonly commit?: string;
  /** More settings under `kafka`. */
  readonly kafka?: string;
  /** In place of the usual short ones. */
  readonly timeouts?: string;
  /** In place of `key: [id]`. */
  readonly input?: string;
  /** In place of the usual steps and outputs. */
  readonly body?: string;
}

/** What is in each partition of each topic, in order. */
export type Outputs = Readonly<Record<string, readonly (readonly string[])[]>>;

const BODY = `
steps:
  - { id: sane, use: check, with: { rules: [{ name: v-range, field: v, between: [0, 1000000] }] } }
  - { id: once, use: dedup, with: { key: [id], window: { records: 100000 }, keep: first } }
output: { topic: {name}.out }
outputs: { once.duplicates: {name}.again }
`;

const SETTINGS = `
commit: {commit}
checkpoint: { every: {checkpoint} }
kafka: { {timeouts}{kafka} }
`;

const TIMEOUTS = 'timeouts: { session: 2s, heartbeat: 100ms, rebalance: 10s, transaction: 10s }';

/** A topology of its own on a broker: names nobody else uses, many small commits and checkpoints, short time-outs. */
export class Job {
  readonly name: string;
  readonly partitions: number;
  readonly brokers: readonly string[];
  readonly topology: string;
  private readonly folder: string;
  private readonly members = new Set<Member>();

  private constructor(name: string, options: JobOptions) {
    this.name = name;
    this.partitions = options.partitions ?? 2;
    this.brokers = options.brokers;
    this.folder = mkdtempSync(join(tmpdir(), 'sluice-job-'));
    this.topology = join(this.folder, 'topology.yaml');
    this.write(options);
  }

  /** Topics are made. */
  static async make(options: JobOptions): Promise<Job> {
    const job = new Job(topicName('job'), options);
    await job.makeTopics();
    return job;
  }

  get input(): string {
    return `${this.name}.in`;
  }

  /** Writes the topology anew: a deployment of another plan under the same name. */
  write(options: Omit<JobOptions, 'brokers' | 'partitions'>): void {
    const { input = 'key: [id]', body = BODY, more = '', checkpoint = '150ms' } = options;
    const { commit = '{ every: 20ms, records: 200 }', timeouts = TIMEOUTS } = options;
    const head = `name: {name}\ninput: { topic: {name}.in, format: json, ${input} }`;
    const text = `${head}${body}${SETTINGS}${more}`
      .replace('{commit}', commit)
      .replace('{timeouts}', timeouts)
      .replace('{kafka}', options.kafka === undefined ? '' : `, ${options.kafka}`)
      .replace('{checkpoint}', checkpoint)
      .replaceAll('{name}', this.name);
    writeFileSync(this.topology, text);
  }

  async makeTopics(): Promise<void> {
    const plan = planOf(await load(this.topology), { onePartition: false });
    const broker = kafkaBroker(plan, { brokers: this.brokers.join(','), inputPartitions: this.partitions });
    try {
      await broker.topics(planTopics(plan), 'create');
    } finally {
      await broker.close();
    }
  }

  /** Values with an `id`, each to the partition its key belongs to. */
  async deliver(values: readonly { readonly id: string }[], brokers = this.brokers): Promise<void> {
    await this.send(
      values.map((value) => messageOf(value, this.partitions)),
      brokers,
    );
  }

  send(messages: readonly Message[], brokers = this.brokers): Promise<void> {
    return deliver(brokers, this.input, messages);
  }

  /** Starts a process; it is killed with the job at the latest. */
  member(run: Partial<KafkaRun> = {}): Member {
    const member = new Member({ topology: this.topology, brokers: this.brokers.join(','), untilEnd: false, ...run });
    this.members.add(member);
    return member;
  }

  /** A process that reads to the present end. */
  async finish(run: Partial<KafkaRun> = {}): Promise<Member> {
    const member = this.member({ untilEnd: true, ...run });
    const ending = await member.ended;
    if (ending.code !== 0) throw new Error(`it ended with ${ending.code ?? ending.signal}: ${ending.stderr}`);
    return member;
  }

  /** A process that reads to the present end and cannot: what it says. */
  async refusal(run: Partial<KafkaRun> = {}): Promise<string> {
    const ending = await this.member({ untilEnd: true, ...run }).ended;
    if (ending.code !== 1) throw new Error(`it ended with ${ending.code ?? ending.signal} instead of refusing`);
    return ending.stderr;
  }

  async read(suffix: string): Promise<string[][]> {
    const partitions: string[][] = Array.from({ length: this.partitions }, () => []);
    for (const { partition, value } of await readTopic(this.brokers, `${this.name}.${suffix}`))
      partitions[partition]!.push(String(value));
    return partitions;
  }

  async outputs(): Promise<Outputs> {
    const [out, again, quarantine] = await Promise.all(
      ['out', 'again', 'quarantine'].map((suffix) => this.read(suffix)),
    );
    return { out: out!, again: again!, quarantine: quarantine! };
  }

  /** Once everything that is in the input has been read and committed. */
  caughtUp(patienceMs?: number): Promise<void> {
    return until('everything to be read', async () => (await this.lag()).every((left) => left === 0), patienceMs);
  }

  /** Records not committed yet, by partition. */
  async lag(): Promise<readonly number[]> {
    return withAdmin(this.brokers, async (admin) => {
      const ends = await admin.fetchTopicOffsets(this.input);
      const [committed] = await admin.fetchOffsets({ groupId: this.name, topics: [this.input] });
      return ends.map(({ partition, high }) => {
        const offset = committed?.partitions.find((one) => one.partition === partition)?.offset ?? '-1';
        return Number(high) - Math.max(0, Number(offset));
      });
    });
  }

  /** Line of the metrics page that says how many records met this fate. */
  fateLine(fate: string, count: number): string {
    return `sluice_fates_total{topology="${this.name}",fate="${fate}"} ${count}\n`;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.members].map((member) => member.kill()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Its `id` is the key, which says the partition. */
export function messageOf(value: { readonly id: string }, partitions: number) {
  const { id } = value;
  return { key: id, value: JSON.stringify(value), partition: partitionOf(Buffer.from(id), partitions) };
}

export interface Order {
  readonly id: string;
  readonly v: number;
  readonly n: number;
}

/** `count` records, a fifth of them known ids and a twentieth out of range; a function of the seed. */
export function orders(count: number, seed: number): Order[] {
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return Array.from({ length: count }, (_, n) => {
    const id = `k${random(5) === 0 ? random(Math.max(1, n)) : n}`;
    return { id, v: random(20) === 0 ? -1 : random(1000), n };
  });
}

/** What the usual steps make of them, by a plain loop: a rejected record claims no id. */
export function expectedOf(values: readonly Order[], partitions: number): Outputs {
  const empty = () => Array.from({ length: partitions }, (): string[] => []);
  const outputs = { out: empty(), again: empty(), quarantine: empty() };
  const seen = new Set<string>();
  for (const value of values) {
    const partition = partitionOf(Buffer.from(value.id), partitions);
    const target = value.v < 0 ? outputs.quarantine : seen.has(value.id) ? outputs.again : outputs.out;
    if (value.v >= 0) seen.add(value.id);
    target[partition]!.push(JSON.stringify(value));
  }
  return outputs;
}
