import type { Command } from 'commander';
import { systemClock } from '../core/clock.ts';
import { ConfigError } from '../core/errors.ts';
import { parseInstant } from '../core/time.ts';
import { parseDuration } from '../core/units.ts';
import {
  CONDITION_KEYS,
  type Condition,
  matches,
  type QuarantineEntry,
  type QuarantineFilter,
} from '../quarantine/entry.ts';
import type { KafkaQuarantineOptions } from '../quarantine/kafka-quarantine.ts';
import { localQuarantine } from '../quarantine/local-quarantine.ts';
import type { Plan } from '../topology/plan.ts';
import { addKafkaFlags, type KafkaFlags, kafkaSettingsOf, refuseKafkaFlags } from './kafka-flags.ts';
import { count } from './progress.ts';

/** Which entries of a quarantine: the same for `quarantine` and `replay`. */
export interface FilterFlags {
  readonly where: readonly string[];
  readonly field: readonly string[];
  readonly since?: string;
  readonly until?: string;
}

/** Files where `--local` is given, else Kafka. */
export interface QuarantineFlags extends KafkaFlags {
  readonly local?: string;
}

const list = (value: string, all: readonly string[]) => [...all, value];

export function addFilterOptions(command: Command): Command {
  return addKafkaFlags(command)
    .option('--local <dir>', 'folder of the outputs of a run on files')
    .option('--where <key=value>', `${CONDITION_KEYS.join(', ')} (repeatable, all must hold)`, list, [])
    .option('--field <name>', 'with a finding on this field (repeatable, one of them)', list, [])
    .option(
      '--since <instant>',
      'refused at or after it (stream time; Kafka: time of the record), as 2026-01-31T00:00:00Z or 2h before now',
    )
    .option('--until <instant>', 'refused before it');
}

/** Throws ConfigError for a flag that says nothing. */
export function filterOf({ where, field, since, until }: FilterFlags): QuarantineFilter {
  return {
    where: where.map(condition),
    fields: field,
    ...(since === undefined ? {} : { since: instant('--since', since) }),
    ...(until === undefined ? {} : { until: instant('--until', until) }),
  };
}

function condition(text: string): Condition {
  const at = text.indexOf('=');
  const key = CONDITION_KEYS.find((name) => name === text.slice(0, at));
  if (key === undefined)
    throw new ConfigError(`--where ${text}: expected one of ${CONDITION_KEYS.map((name) => `${name}=…`).join(', ')}`, {
      code: 'where-flag',
    });
  return { key, value: text.slice(at + 1) };
}

function instant(flag: string, text: string): number {
  const ago = parseDuration(text);
  const at = ago === undefined ? parseInstant(text) : systemClock.now() - ago;
  if (Number.isNaN(at))
    throw new ConfigError(`${flag} ${text}: expected an instant like 2026-01-31T00:00:00Z, or a duration like 2h`, {
      code: 'time-flag',
    });
  return at;
}

/** Throws ConfigError for a topology without a quarantine. */
export function quarantineTopicOf({ name, quarantineTopic }: Plan): string {
  if (quarantineTopic !== undefined) return quarantineTopic;
  throw new ConfigError(`${name} keeps no quarantine (quarantine: none)`, { code: 'no-quarantine' });
}

/** The entries of a topology's quarantine that a filter lets through. */
export async function* openQuarantine(
  plan: Plan,
  flags: QuarantineFlags,
  filter: QuarantineFilter,
): AsyncGenerator<QuarantineEntry> {
  for await (const entry of await allEntries(plan, flags)) if (matches(entry, filter)) yield entry;
}

async function allEntries(plan: Plan, flags: QuarantineFlags): Promise<AsyncIterable<QuarantineEntry>> {
  const topology = plan.name;
  const topic = quarantineTopicOf(plan);
  if (flags.local !== undefined) {
    refuseKafkaFlags(flags);
    return localQuarantine({ dir: flags.local, topology, topic });
  }
  return kafkaEntries({ settings: await kafkaSettingsOf(plan, flags, process.env), topology, topic });
}

async function* kafkaEntries(options: Omit<KafkaQuarantineOptions, 'onForeign'>): AsyncGenerator<QuarantineEntry> {
  let foreign = 0;
  const onForeign = () => {
    foreign++;
  };
  const { kafkaQuarantine } = await import('../quarantine/kafka-quarantine.ts');
  yield* kafkaQuarantine({ ...options, onForeign });
  if (foreign > 0) process.stderr.write(`${count(foreign)} left out: not written by ${options.topology}\n`);
}
