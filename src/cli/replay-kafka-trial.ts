import type { Choice } from '../quarantine/choice.ts';
import type { QuarantineEntry } from '../quarantine/entry.ts';
import { TopologyDriver } from '../testing/topology-driver.ts';
import type { InputPlan, Plan } from '../topology/plan.ts';
import { count } from './progress.ts';
import { filterOf, openQuarantine } from './quarantine-flags.ts';
import type { Fixer } from './replay-fixer.ts';
import { type ReplayFlags, say, sayLeftOut } from './replay-flags.ts';
import { timeParser } from './time-parser.ts';

/** Most records of a trial: they are held in memory. */
const MAX_TRIAL_RECORDS = 100_000;
const FATES = ['curated', 'routed', 'quarantined', 'duplicate', 'late', 'merged', 'held', 'dropped'] as const;

export interface TrialOptions {
  readonly plan: Plan;
  readonly flags: ReplayFlags;
  readonly choice: Choice;
  readonly fixer: Fixer;
}

/**
 * Says what a replay would send, and what the topology would make of it: in memory, and with the steps' state empty, since
 * that of the members is not there to be copied.
 */
export async function tryOnKafka({ plan, flags, choice, fixer }: TrialOptions): Promise<void> {
  const entries: QuarantineEntry[] = [];
  let records = 0;
  for await (const entry of openQuarantine(plan, flags, filterOf(flags)))
    if (choice.takes(entry) && ++records <= MAX_TRIAL_RECORDS) entries.push(entry);
  const values = await fixer.fix(entries);
  sayLeftOut(choice);
  fixer.say();
  const fates = entries.length === 0 ? {} : await trialFates(plan, entries, values);
  for (const [fate, n] of Object.entries(fates)) say(`  ${fate.padEnd(12)} ${count(n).padStart(9)}`);
  if (records > entries.length) say(`  the first ${count(entries.length)} were tried`);
  const keeping = plan.stages
    .flatMap(({ steps }) => steps)
    .filter(({ operator, config }) => operator.scope(config) !== 'none');
  if (keeping.length > 0)
    say(
      `  tried with nothing remembered in ${keeping.map(({ id }) => id).join(', ')}: the running members may decide otherwise`,
    );
  say(`${count(records)} ${records === 1 ? 'record' : 'records'}, nothing written (--dry-run)`);
  if (flags.json === true) process.stdout.write(`${JSON.stringify({ records, dryRun: true, ...fates })}\n`);
}

/** What the topology makes of the values in place of the entries', by fate; none that is zero. */
export async function trialFates(
  plan: Plan,
  entries: readonly QuarantineEntry[],
  values: readonly (string | Uint8Array)[],
): Promise<Record<string, number>> {
  const driver = new TopologyDriver(withoutExploding(plan, entries), { run: { timeParser } });
  entries.forEach(({ key, timestamp, headers, origin }, i) => {
    driver.feed(origin.topic, [{ key, timestamp, headers, value: values[i] ?? null }]);
  });
  const summary = await driver.end();
  return Object.fromEntries(FATES.flatMap((fate) => (summary[fate] > 0 ? [[fate, summary[fate]]] : [])));
}

/** Elements come back one by one, as they were taken out of their message. */
function withoutExploding(plan: Plan, entries: readonly QuarantineEntry[]): Plan {
  if (!entries.some(({ origin }) => origin.index !== undefined)) return plan;
  const whole = ({ explode: _explode, batchVerdict: _verdict, ...input }: InputPlan): InputPlan => input;
  const stages = plan.stages.map((stage, i) => (i > 0 ? stage : { ...stage, inputs: stage.inputs.map(whole) }));
  return { ...plan, stages };
}
