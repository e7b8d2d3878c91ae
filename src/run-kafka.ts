import { KafkaBroker } from './brokers/kafka/kafka-broker.ts';

import { type Compression, type KafkaSpec, kafkaSettings } from './brokers/kafka/settings.ts';
import type { FaultPoint, TopicReport } from './core/broker.ts';
import type { Clock } from './core/clock.ts';
import { BrokerError, ConfigError } from './core/errors.ts';
import type { Log } from './core/log.ts';
import type { TransportObserver } from './core/transport.ts';
import { checkPlan, planTopics } from './topology/index.ts';
import type { Plan } from './topology/plan.ts';

export interface KafkaRunOptions {
  /** host:port, several with commas; before those of `config` and of the topology. */
  readonly brokers?: string;
  /** Fills what `kafka:` of the topology does not say. */
  readonly config?: KafkaSpec;
  /** Inputs end where they end now; else the run goes on until it is stopped. */
  readonly untilEnd?: boolean;
  readonly acceptOffsets?: boolean;
  readonly resetSteps?: readonly string[];
  /** Partitions of inputs that `createTopics` makes. */
  readonly inputPartitions?: number;
  readonly clock?: Clock;
  readonly log?: Log;
  readonly observer?: TransportObserver;
  /** For tests: moments at which a process may die. */
  readonly point?: FaultPoint;
}

/** A Kafka broker for this plan; nothing was asked of it yet. Throws ConfigError for settings that cannot be. */
export function kafkaBroker(plan: Plan, options: KafkaRunOptions): KafkaBroker {
  const { brokers, config = {}, resetSteps = [], log, clock, observer, inputPartitions, point } = options;
  const spec: KafkaSpec = { ...config, ...plan.kafka };
  const compression = new Map(
    plan.stages.flatMap(
      (stage) => stage.sinks.map((sink) => [sink.topic, sink.options?.compression as Compression | undefined] as const), // the schema of outputs has checked it
    ),
  );
  const stateful = plan.stages.flatMap((stage) => stage.steps.map((step) => step.id));
  return new KafkaBroker({
    settings: kafkaSettings(spec, brokers),
    group: plan.name,
    fingerprint: plan.fingerprint,
    guarantee: plan.guarantee,
    checkpointEveryMs: plan.checkpointEveryMs,
    bounded: options.untilEnd === true,
    acceptOffsets: options.acceptOffsets === true,
    acceptPartitions: resetSteps.length > 0 && stateful.every((id) => resetSteps.includes(id)),
    compressionOf: (topic) => compression.get(topic),
    ...(inputPartitions === undefined ? {} : { inputPartitions }),
    ...(clock === undefined ? {} : { clock }),
    ...(log === undefined ? {} : { log }),
    ...(observer === undefined ? {} : { observer }),
    ...(point === undefined ? {} : { point }),
  });
}

/**
 * As kafkaBroker, with its topics looked at: what the engine keeps for itself is made, everything else must be there and fit. Throws
 * BrokerError `topic-refused` with the remedy for each, PlanError when the plan cannot run on these topics.
 */
export async function openKafka(plan: Plan, options: KafkaRunOptions): Promise<KafkaBroker> {
  refuseLearned(plan);
  const broker = kafkaBroker(plan, options);
  try {
    const specs = planTopics(plan);
    refuse(await broker.makeInternalTopics(specs));
    const counts = new Map<string, number>();
    for (const { topic } of specs) counts.set(topic, (await broker.partitions(topic)) ?? 0);
    checkPlan(plan, { timestamps: true, partitions: (topic) => counts.get(topic) });
    return broker;
  } catch (error) {
    await broker.close();
    throw error;
  }
}

/** A row on Kafka has no header above it: its columns must be the same whoever writes it, and after every restart. */
function refuseLearned(plan: Plan): void {
  const sinks = plan.stages.flatMap((stage) => stage.sinks);
  const learned = sinks.find(({ role, codec }) => role === 'output' && codec?.learns === true);
  if (learned === undefined) return;
  throw new ConfigError(
    `the columns of the output ${learned.topic} are not declared, and on Kafka every process would choose its own: name them in \`csv: { header: [...] }\` of the output`,
    { code: 'csv-columns' },
  );
}

function refuse({ topics }: TopicReport): void {
  const wrong = topics.filter(({ problem }) => problem !== undefined);
  if (wrong.length === 0) return;
  const lines = wrong.map(
    ({ topic, problem, remedy }) => `${topic}: ${problem}${remedy === undefined ? '' : `; ${remedy}`}`,
  );
  throw new BrokerError(lines.join('\n'), { code: 'topic-refused' });
}
