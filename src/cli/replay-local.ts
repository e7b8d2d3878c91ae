import { rm } from 'node:fs/promises';
import { readManifest } from '../brokers/local/manifest.ts';
import { ConfigError } from '../core/errors.ts';
import type { RunObserver } from '../core/observer.ts';
import { Choice } from '../quarantine/choice.ts';
import { fixRecords } from '../quarantine/fix.ts';
import { dataRecords } from '../quarantine/records.ts';
import { type ReplayRecord, type ReplaySet, ReplaySets, replayRecord } from '../quarantine/replay-set.ts';
import { openLocal } from '../run.ts';
import { runPlan } from '../runtime/run.ts';
import type { Plan } from '../topology/plan.ts';
import { count } from './progress.ts';
import { filterOf, openQuarantine } from './quarantine-flags.ts';
import { type ReplayFlags, say, sayLeftOut } from './replay-flags.ts';
import { loadFix, trialFolder } from './replay-trial.ts';
import { timeParser } from './time-parser.ts';

/** Sends entries of a folder's quarantine through the topology, in the run that this command is. */
export async function replayOnFiles(plan: Plan, flags: ReplayFlags & { readonly local: string }): Promise<void> {
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
async function choose(plan: Plan, flags: ReplayFlags, known: readonly ReplaySet[]): Promise<ReplaySet> {
  const before = new Set(known.flatMap(({ records }) => records.map(({ at }) => at)));
  const records: ReplayRecord[] = [];
  const choice = new Choice({ plan, maxAttempts: flags.maxAttempts, wasBefore: ({ at }) => before.has(at) });
  for await (const entry of openQuarantine(plan, flags, filterOf(flags)))
    if (choice.takes(entry)) records.push(replayRecord(entry));
  sayLeftOut(choice);
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

function report(flags: ReplayFlags, fates: Fates, { run, records }: ReplaySet): void {
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
