import { connect } from '../../../src/brokers/kafka/connection.ts';
import type { KafkaBroker } from '../../../src/brokers/kafka/kafka-broker.ts';
import { kafkaSettings } from '../../../src/brokers/kafka/settings.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { createCodec } from '../../../src/formats/index.ts';
import { operatorRegistry } from '../../../src/operators/index.ts';
import { type KafkaRunOptions, kafkaBroker, openKafka } from '../../../src/run-kafka.ts';
import { type RunOptions, type RunSummary, runPlan } from '../../../src/runtime/run.ts';
import { parseTopology, planTopics, planTopology } from '../../../src/topology/index.ts';
import type { FormatRegistry } from '../../../src/topology/inputs.ts';
import type { Plan } from '../../../src/topology/plan.ts';
import { deliver, type Message } from '../../support/kafka/deliver.ts';
import { readTopic } from '../../support/kafka/read-topic.ts';
import { plainClient, topicName } from '../../support/kafka/topics.ts';

/** Short, so that what a dead member had moves on soon; a broker nobody has configured takes 6 s and more. */
export const SESSION = { session: '6s', heartbeat: '150ms' };

export interface StartOptions {
  readonly kafka?: Partial<KafkaRunOptions>;
  readonly run?: Partial<RunOptions>;
  /** Another version of the topology than the one of the job. */
  readonly plan?: Plan;
}

/** One process's worth of work, inside the test. */
export interface Instance {
  readonly broker: KafkaBroker;
  /** Settles when the run does. */
  readonly done: Promise<RunSummary>;
  /** As by SIGTERM. */
  stop(): Promise<RunSummary>;
  /** As by kill -9. */
  kill(): Promise<void>;
}

/** A topology with names of its own on the shared broker. `$` in its text stands for the name. */
export class KafkaJob {
  readonly name = topicName('job');
  readonly brokers: readonly string[];
  readonly plan: Plan;

  private readonly formats: FormatRegistry;

  constructor(brokers: readonly string[], text: string, formats: FormatRegistry = createCodec) {
    this.brokers = brokers;
    this.formats = formats;
    this.plan = this.planOf(text);
  }

  planOf(text: string): Plan {
    const topology = parseTopology(`name: ${this.name}\n${text.replaceAll('$', this.name)}`, {
      file: 'job',
      folder: '.',
    });
    return planTopology(topology, { operators: operatorRegistry(), formats: this.formats, onePartition: false });
  }

  /** Makes every topic; inputs with so many partitions. */
  async create(partitions: number): Promise<void> {
    const broker = kafkaBroker(this.plan, { ...this.connection, inputPartitions: partitions });
    try {
      const { topics } = await broker.topics(planTopics(this.plan), 'create');
      const wrong = topics.find(({ problem }) => problem !== undefined);
      if (wrong !== undefined) throw new Error(`${wrong.topic}: ${wrong.problem}`);
    } finally {
      await broker.close();
    }
  }

  feed(topic: string, messages: readonly Message[]): Promise<void> {
    return deliver(this.brokers, `${this.name}.${topic}`, messages);
  }

  /** Values of a topic, by partition, in order. */
  async read(topic: string): Promise<string[][]> {
    const partitions: string[][] = [];
    for (const { partition, value } of await readTopic(this.brokers, `${this.name}.${topic}`)) {
      partitions[partition] ??= [];
      partitions[partition].push(String(value));
    }
    return Array.from(partitions, (list) => list ?? []);
  }

  /** Every value of a topic, sorted. */
  async readAll(topic: string): Promise<string[]> {
    return (await this.read(topic)).flat().sort();
  }

  /** Headers of every record of partition 0, as the stock client sees them. */
  async headers(topic: string): Promise<Readonly<Record<string, Buffer[]>>[]> {
    const wanted = (await readTopic(this.brokers, `${this.name}.${topic}`)).length;
    const consumer = plainClient(this.brokers).consumer({ groupId: topicName('reader') });
    const seen: Record<string, Buffer[]>[] = [];
    await consumer.connect();
    await consumer.subscribe({ topic: `${this.name}.${topic}`, fromBeginning: true });
    const all = Promise.withResolvers<void>();
    await consumer.run({
      eachMessage: async ({ message }) => {
        const entries = Object.entries(message.headers ?? {});
        seen.push(
          Object.fromEntries(
            entries.map(([name, value]) => [name, [value ?? []].flat().map((one) => Buffer.from(one))]),
          ),
        );
        if (seen.length === wanted) all.resolve();
      },
    });
    await all.promise;
    await consumer.disconnect();
    return seen;
  }

  async start(options: StartOptions = {}): Promise<Instance> {
    const plan = options.plan ?? this.plan;
    const broker = await openKafka(plan, { ...this.connection, ...options.kafka });
    const stop = new AbortController();
    const untilEnd = options.kafka?.untilEnd === true;
    const done = runPlan({ plan, broker, signal: stop.signal, untilEnd, ...options.run }).finally(() => broker.close());
    done.catch(() => {}); // whoever asks is told
    return {
      broker,
      done,
      stop: () => {
        stop.abort(new Error('stop'));
        return done;
      },
      kill: async () => {
        await broker.kill();
        stop.abort(new Error('killed'));
        await done.catch(() => {});
      },
    };
  }

  /** Sets the group's offset as an operator would with Kafka's tools; nobody may be in the group. */
  async setOffset(topic: string, partition: number, offset: number): Promise<void> {
    const { lane, close } = connect(kafkaSettings({ brokers: this.brokers }), systemClock);
    const topics = [
      { topic: `${this.name}.${topic}`, partitions: [{ partition, offset: String(offset), metadata: '' }] },
    ];
    const request = { groupId: this.name, groupGenerationId: -1, memberId: '', retentionTime: -1, topics };
    await lane.onCoordinator({ kind: 'group', key: this.name }, { patienceMs: 10_000 }, (node) =>
      node.offsetCommit(request),
    );
    await close();
  }

  /** A bounded run from start to end. */
  async runToEnd(options: StartOptions = {}): Promise<RunSummary> {
    const instance = await this.start({ ...options, kafka: { untilEnd: true, ...options.kafka } });
    return instance.done;
  }

  private get connection(): KafkaRunOptions {
    return { brokers: this.brokers.join(','), config: { timeouts: SESSION } };
  }
}
