import type { Broker } from '../core/broker.ts';
import { ConfigError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { TransportObserver } from '../core/transport.ts';
import { openLocal } from '../run.ts';
import type { Plan } from '../topology/plan.ts';
import { type KafkaFlags, kafkaConnection, refuseKafkaFlags } from './kafka-flags.ts';

/** The flags of `run` that choose where it reads and writes. */
export interface BrokerFlags extends KafkaFlags {
  readonly local?: string;
  readonly topic: readonly string[];
  readonly follow?: boolean;
  readonly untilEnd?: boolean;
  readonly fromStart?: boolean;
  readonly overwrite?: boolean;
  readonly forceUnlock?: boolean;
  readonly acceptOffsets?: boolean;
  readonly resetState: readonly string[];
}

/** Files where `--local` is given, else Kafka. Throws ConfigError for a flag that belongs to the other. */
export async function openBroker(
  plan: Plan,
  flags: BrokerFlags,
  { log, transport }: { readonly log: Log; readonly transport: TransportObserver },
): Promise<Broker> {
  const { local } = flags;
  if (local !== undefined) {
    refuseKafkaFlags(flags);
    return openLocal(plan, { ...flags, local, topics: localTopics(flags.topic), log });
  }
  const { follow, fromStart, overwrite, forceUnlock, topic } = flags;
  const onlyLocal = {
    follow,
    'from-start': fromStart,
    overwrite,
    'force-unlock': forceUnlock,
    topic: topic[0],
  };
  refuse(onlyLocal, 'works on files: give --local DIR as well');
  const { openKafka } = await import('../run-kafka.ts');
  return openKafka(plan, {
    ...(await kafkaConnection(flags, process.env)),
    untilEnd: flags.untilEnd === true,
    acceptOffsets: flags.acceptOffsets === true,
    resetSteps: flags.resetState,
    log,
    observer: transport,
  });
}

function refuse(given: Readonly<Record<string, unknown>>, why: string): void {
  const flag = Object.entries(given).find(([, value]) => value !== undefined && value !== false)?.[0];
  if (flag !== undefined) throw new ConfigError(`--${flag} ${why}`, { code: 'flag-elsewhere' });
}

/** Files and folders of `--topic name=path`, by topic. Throws ConfigError for what is none. */
export function localTopics(entries: readonly string[]): Record<string, string[]> {
  const topics: Record<string, string[]> = Object.create(null);
  for (const entry of entries) {
    const at = entry.indexOf('=');
    if (at < 1)
      throw new ConfigError(`--topic ${entry}: expected name=path, as in --topic orders.raw=data/orders.ndjson`, {
        code: 'topic-flag',
      });
    const name = entry.slice(0, at);
    topics[name] = [...(topics[name] ?? []), entry.slice(at + 1)];
  }
  return topics;
}
