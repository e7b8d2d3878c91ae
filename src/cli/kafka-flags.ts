import type { Command } from 'commander';
import { type KafkaSettings, kafkaSettings } from '../brokers/kafka/settings.ts';
import { ConfigError } from '../core/errors.ts';
import type { KafkaRunOptions } from '../run-kafka.ts';
import { loadKafkaConfig, MIN_REPLAY_KEY } from '../topology/index.ts';
import type { Plan } from '../topology/plan.ts';

export interface KafkaFlags {
  readonly brokers?: string;
  readonly kafkaConfig?: string;
}

export function addKafkaFlags(command: Command): Command {
  return command
    .option(
      '--brokers <list>',
      'Kafka brokers, host:port with commas (else KAFKA_BROKERS, then `kafka:` of the topology)',
    )
    .option('--kafka-config <file>', 'YAML or JSON with what `kafka:` of a topology may hold: TLS, SASL, time-outs');
}

/** How to reach Kafka: brokers from the flag, else from the environment, else from the topology, else from the file. */
export async function kafkaConnection(
  flags: KafkaFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Pick<KafkaRunOptions, 'brokers' | 'config'>> {
  const brokers = flags.brokers ?? (env.KAFKA_BROKERS === '' ? undefined : env.KAFKA_BROKERS);
  const config = flags.kafkaConfig === undefined ? undefined : await loadKafkaConfig(flags.kafkaConfig, env);
  return {
    ...(brokers === undefined ? {} : { brokers }),
    config: { ...replayKeyOf(env), ...(config as KafkaRunOptions['config']) }, // the schema says the same
  };
}

function replayKeyOf({ SLUICE_REPLAY_KEY: key }: Readonly<Record<string, string | undefined>>): {
  readonly replayKey?: string;
} {
  if (key === undefined || key === '') return {};
  if (key.length < MIN_REPLAY_KEY)
    throw new ConfigError(`SLUICE_REPLAY_KEY: expected ${MIN_REPLAY_KEY} characters or more`, { code: 'replay-key' });
  return { replayKey: key };
}

/** As kafkaConnection, for a command that reads or writes topics of a topology without running it. */
export async function kafkaSettingsOf(
  plan: Plan,
  flags: KafkaFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<KafkaSettings> {
  const { brokers, config = {} } = await kafkaConnection(flags, env);
  return kafkaSettings({ ...config, ...plan.kafka }, brokers);
}

/** Throws ConfigError when flags of Kafka stand beside `--local`. */
export function refuseKafkaFlags({ brokers, kafkaConfig }: KafkaFlags): void {
  const flag = brokers === undefined ? (kafkaConfig === undefined ? undefined : 'kafka-config') : 'brokers';
  if (flag !== undefined)
    throw new ConfigError(`--${flag} works on Kafka, and --local on files`, { code: 'flag-elsewhere' });
}

/** `registry` of the file of `--kafka-config`, for topologies that have none of their own. */
export async function registryOf(
  { kafkaConfig }: KafkaFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<unknown> {
  return kafkaConfig === undefined ? undefined : (await loadKafkaConfig(kafkaConfig, env)).registry;
}
