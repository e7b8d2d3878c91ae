import { rm } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { readManifest } from '../brokers/local/manifest.ts';
import { ConfigError } from '../core/errors.ts';
import type { RunObserver } from '../core/observer.ts';
import { fixRecords } from '../quarantine/fix.ts';
import { dataRecords, inputOf } from '../quarantine/records.ts';
import { type ReplayRecord, type ReplaySet, ReplaySets, replayRecord } from '../quarantine/replay-set.ts';
import { openLocal } from '../run.ts';
import { runPlan } from '../runtime/run.ts';
import type { Plan } from '../topology/plan.ts';
import { load, planOf } from './load.ts';
import { count } from './progress.ts';
import {
  addFilterOptions,
  type FilterFlags,
  filterOf,
  openQuarantine,
  type QuarantineFlags,
} from './quarantine-flags.ts';
import { loadFix, trialFolder } from './replay-trial.ts';
import { timeParser } from './time-parser.ts';

interface Flags extends FilterFlags, QuarantineFlags {
  readonly run?: string;
  readonly dryRun?: boolean;
  readonly rate?: number;
  readonly fix?: string;
  readonly maxAttempts: number;
  readonly json?: boolean;
}

const DEFAULT_MAX_ATTEMPTS = 3;
const RUN_ID = /^[a-z0-9][a-z0-9-]{0,63}$/;

export function addReplay(program: Command): void {
  const command = program
    .command('replay')
    .description('send quarantined records back through the current topology, each at most once')
    .argument('<topology>');
  addFilterOptions(command)
    .option('--dry-run', 'say what would become of them; nothing is written')
    .option('--fix <file>', 'YAML file with `steps:` that change the values first')
    .addOption(
      new Option('--max-attempts <n>', 'records refused so often stay').default(DEFAULT_MAX_ATTEMPTS).argParser(Number),
    )
    .addOption(new Option('--rate <n/s>', 'most records a second, as 500/s').argParser(perSecond))
    .option('--run <id>', 'name of this replay; the same name again goes on, and then does nothing')
    .option('--json', 'print one JSON object as the last line of stdout')
    .action(async (path: string, flags: Flags) => {
      await replay(planOf(await load(path), { onePartition: true, env: process.env }), flags);
    });
}

function perSecond(text: string): number {
  const rate = Number(/^(\d+(?:\.\d+)?)(?:\/s)?$/.exec(text)?.[1]);
  if (!(rate > 0)) throw new ConfigError(`--rate ${text}: expected records a second, as 500/s`, { code: 'rate-flag' });
  return rate;
}

async function replay(plan: Plan, flags: Flags): Promise<void> {
  if (flags.local === undefined)
    throw new ConfigError('give --local DIR, the folder of the outputs', { code: 'no-broker' });
  if (flags.run !== undefined && !RUN_ID.test(flags.run))
    throw new ConfigError(`--run ${flags.run}: expected small letters, digits and dashes`, { code: 'run-flag' });
  const sets = new ReplaySets(flags.local, plan.name);
  const known = await sets.all();
  const progress = await progressOf(flags.local, plan, known);
  const open = known.find(({ run, records }) => (progress.get(run) ?? 0) < records.length);
  if (open !== undefined && flags.run !== undefined && open.run !== flags.run)
    throw new ConfigError(`replay ${open.run} is not finished: go on with --run ${open.run} first`, {
      code: 'replay-open',
    });
  if (flags.run !== undefined && open === undefined && known.some(({ run }) => run === flags.run)) {
    say(`${flags.run} is finished: nothing new`);
    return;
  }
  if (open !== undefined)
    say(`going on with ${open.run}: ${progress.get(open.run) ?? 0} of ${open.records.length} done`);
  const set = open ?? (await choose(plan, flags, known));
  if (set.records.length === 0) say('nothing to replay');
  else if (flags.dryRun === true) {
    const trial = await trialFolder(flags.local, plan.name);
    try {
      report(flags, await send(plan, trial, { set, rate: undefined }), set);
    } finally {
      await rm(trial, { recursive: true, force: true });
    }
  } else {
    if (open === undefined) await sets.write(set);
    report(flags, await send(plan, flags.local, { set, rate: flags.rate }), set);
  }
}

/** Records that are committed, by replay. */
async function progressOf(dir: string, plan: Plan, sets: readonly ReplaySet[]): Promise<ReadonlyMap<string, number>> {
  const manifest = await readManifest(`${dir}/.sluice/${plan.name}/manifest`);
  const done = (run: string) => Object.values(manifest?.replays?.[run] ?? {}).reduce((sum, n) => sum + n, 0);
  return new Map(sets.map(({ run }) => [run, done(run)]));
}

/** The entries that pass the filter and were in no replay before. */
async function choose(plan: Plan, flags: Flags, known: readonly ReplaySet[]): Promise<ReplaySet> {
  const before = new Set(known.flatMap(({ records }) => records.map(({ at }) => at)));
  const records: ReplayRecord[] = [];
  const left = { before: 0, attempts: 0, valueless: 0, redacted: 0, topic: 0 };
  for await (const entry of openQuarantine(plan, flags, filterOf(flags))) {
    if (before.has(entry.at)) left.before++;
    else if (entry.attempt >= flags.maxAttempts) left.attempts++;
    else if (entry.value === null) left.valueless++;
    else if (entry.redacted) left.redacted++;
    else if (inputOf(plan, entry.origin.topic) === undefined) left.topic++;
    else records.push(replayRecord(entry));
  }
  if (left.before > 0) say(`${count(left.before)} left out: in a replay before`);
  if (left.attempts > 0) say(`${count(left.attempts)} left out: refused ${flags.maxAttempts} times (--max-attempts)`);
  if (left.valueless > 0) say(`${count(left.valueless)} left out: their value was not kept`);
  if (left.redacted > 0) say(`${count(left.redacted)} left out: fields of their value were redacted`);
  if (left.topic > 0) say(`${count(left.topic)} left out: the topology no longer reads their topic`);
  const run = flags.run ?? `replay-${known.length + 1}`;
  if (flags.fix === undefined) return { run, records };
  const fixed = await fixRecords(plan, records, await loadFix(flags.fix));
  say(`${count(fixed.filter((record) => record.fixed).length)} of ${count(records.length)} changed by ${flags.fix}`);
  return { run, records: fixed };
}

/** What became of the records, by fate. */
type Fates = ReadonlyMap<string, number>;

async function send(
  plan: Plan,
  dir: string,
  { set, rate }: { readonly set: ReplaySet; readonly rate: number | undefined },
): Promise<Fates> {
  const manifest = await readManifest(`${dir}/.sluice/${plan.name}/manifest`);
  const follows = Object.values(manifest?.tasks ?? {}).some(({ ended }) => !ended);
  const records = dataRecords(plan, set.records);
  const stop = new AbortController();
  const drained = new Set<string>();
  const topics = plan.stages[0]?.inputs.flatMap((input) => input.topics) ?? [];
  const onDrained = (topic: string) => {
    drained.add(topic);
    if (drained.size === topics.length) stop.abort(new Error('replayed'));
  };
  const broker = await openLocal(plan, {
    local: dir,
    follow: follows,
    replay: {
      run: set.run,
      records,
      ...(rate === undefined ? {} : { perSecond: rate }),
      ...(follows ? { onDrained } : {}),
    },
  });
  const fates = new Map<string, number>();
  const observer: RunObserver = {
    commit({ counts }) {
      for (const [fate, n] of counts.fates) fates.set(fate, (fates.get(fate) ?? 0) + n);
    },
  };
  const onSignal = () => stop.abort(new Error('stopped'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    // every commit carries a checkpoint: records from quarantine are not in the input, so none may have to be read again
    const replayPlan = { ...plan, checkpointEveryMs: 0 };
    await runPlan({ plan: replayPlan, broker, observer, signal: stop.signal, untilEnd: !follows, timeParser });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await broker.close();
  }
  return fates;
}

function report(flags: Flags, fates: Fates, { run, records }: ReplaySet): void {
  const counts = Object.fromEntries([...fates].filter(([fate, n]) => n > 0 && fate !== 'forwarded'));
  for (const [fate, n] of Object.entries(counts)) say(`  ${fate.padEnd(12)} ${count(n).padStart(9)}`);
  say(
    `${run}: ${count(records.length)} ${records.length === 1 ? 'record' : 'records'}${flags.dryRun === true ? ', nothing written (--dry-run)' : ''}`,
  );
  if (flags.json === true)
    process.stdout.write(
      `${JSON.stringify({ run, records: records.length, dryRun: flags.dryRun === true, ...counts })}\n`,
    );
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
