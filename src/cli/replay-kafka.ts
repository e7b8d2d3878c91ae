import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { systemClock } from '../core/clock.ts';
import { BrokerError, ConfigError } from '../core/errors.ts';
import { Choice } from '../quarantine/choice.ts';
import { KafkaReplay } from '../quarantine/kafka-replay.ts';
import { hasTaken, isDone, isSame, type ReplayRequest, type ReplayRun, sentBy } from '../quarantine/replay-run.ts';
import type { Plan } from '../topology/plan.ts';
import { kafkaSettingsOf } from './kafka-flags.ts';
import { count } from './progress.ts';
import { filterOf, quarantineTopicOf } from './quarantine-flags.ts';
import { Fixer } from './replay-fixer.ts';
import { type ReplayFlags, say, sayLeftOut } from './replay-flags.ts';
import { tryOnKafka } from './replay-kafka-trial.ts';

/** Sends entries of a quarantine on Kafka back to their inputs, where members of the topology read them again. */
export async function replayOnKafka(plan: Plan, flags: ReplayFlags): Promise<void> {
  const settings = await kafkaSettingsOf(plan, flags, process.env);
  const request = requestOf(flags);
  const fixer = await Fixer.load(plan, flags.fix);
  await using replay = new KafkaReplay({ plan, topic: quarantineTopicOf(plan), settings, clock: systemClock });
  const known = await replay.known(flags.run);
  const choiceBeside = (others: readonly ReplayRun[]) =>
    new Choice({
      plan,
      maxAttempts: request.maxAttempts,
      wasBefore: (entry) => others.some((other) => hasTaken(other, entry)),
    });
  if (flags.dryRun === true) {
    await tryOnKafka({ plan, flags, choice: choiceBeside(known), fixer });
    return;
  }
  if (settings.replayKeys.length === 0)
    throw new ConfigError(
      'a replay on Kafka is signed, so that nobody can forge one: give a secret as kafka.replayKey of the topology, or the same SLUICE_REPLAY_KEY to run and replay',
      { code: 'no-replay-key' },
    );
  const name = nameOf(known, flags, request);
  if (name !== undefined) await replay.takeOver(name);
  const now = name === undefined ? known : await replay.known(name); // the last word of whoever was shut out
  if (name === undefined || nameOf(now, { ...flags, run: name }, request) === undefined) {
    say(`${name ?? flags.run} is finished: nothing new`);
    return;
  }
  const choice = choiceBeside(now.filter(({ run }) => run !== name));
  try {
    const begun = now.find(({ run }) => run === name);
    if (begun !== undefined) say(`going on with ${name}: ${count(sentBy(begun))} sent`);
    report(await send(replay, begun ?? (await replay.open(name, request)), { flags, choice, fixer }), flags);
  } catch (error) {
    throw explained(error, name);
  }
}

/** Until it is done, or the process is asked to stop. */
async function send(
  replay: KafkaReplay,
  run: ReplayRun,
  { flags, choice, fixer }: { readonly flags: ReplayFlags; readonly choice: Choice; readonly fixer: Fixer },
): Promise<ReplayRun> {
  const stop = new AbortController();
  const onSignal = () => stop.abort(new Error('stopped'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    return await replay.send(run, {
      choice,
      fix: (entries) => fixer.fix(entries),
      perSecond: flags.rate,
      signal: stop.signal,
      onGone: (partition, offsets) =>
        say(`${count(offsets)} offsets of partition ${partition} were deleted before they could be sent`),
    });
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    sayLeftOut(choice);
    fixer.say();
  }
}

function requestOf(flags: ReplayFlags): ReplayRequest {
  return {
    filter: filterOf(flags),
    times: [flags.since ?? null, flags.until ?? null],
    maxAttempts: flags.maxAttempts,
    fix: flags.fix === undefined ? null : createHash('sha256').update(readFileSync(flags.fix)).digest('hex'),
  };
}

/** The replay to begin or to go on with; undefined when it is finished. */
function nameOf(known: readonly ReplayRun[], { run }: ReplayFlags, request: ReplayRequest): string | undefined {
  const asked = known.find((one) => one.run === run);
  const open = known.find((one) => !isDone(one));
  const goesOn = asked ?? open;
  if (open !== undefined && run !== undefined && open.run !== run)
    throw new ConfigError(`replay ${open.run} is not finished: go on with --run ${open.run} first`, {
      code: 'replay-open',
    });
  if (goesOn !== undefined && !isSame(goesOn.request, request))
    throw new ConfigError(
      `replay ${goesOn.run} was begun with ${flagsOf(goesOn.request)}: give the same${isDone(goesOn) ? ', or another --run' : ' until it is finished'}`,
      { code: 'replay-differs' },
    );
  if (goesOn !== undefined) return isDone(goesOn) ? undefined : goesOn.run;
  if (run !== undefined) return run;
  const names = new Set(known.map((one) => one.run));
  for (let n = known.length + 1; ; n++) if (!names.has(`replay-${n}`)) return `replay-${n}`;
}

/** As flags; of the fix only that there was one is known. */
function flagsOf({ filter, times: [since, until], maxAttempts, fix }: ReplayRequest): string {
  return [
    ...filter.where.map(({ key, value }) => `--where ${key}=${value}`),
    ...filter.fields.map((field) => `--field ${field}`),
    ...(since === null ? [] : [`--since ${since}`]),
    ...(until === null ? [] : [`--until ${until}`]),
    `--max-attempts ${maxAttempts}`,
    fix === null ? 'no --fix' : `a --fix of SHA-256 ${fix.slice(0, 8)}…`,
  ].join(' ');
}

function report(run: ReplayRun, { json }: ReplayFlags): void {
  const records = sentBy(run);
  const state = isDone(run) ? '' : '; stopped, the same command goes on';
  say(`${run.run}: ${count(records)} ${records === 1 ? 'record' : 'records'} sent back${state}`);
  if (json === true)
    process.stdout.write(`${JSON.stringify({ run: run.run, records, dryRun: false, finished: isDone(run) })}\n`);
}

function explained(error: unknown, run: string): unknown {
  if (!(error instanceof BrokerError)) return error;
  if (error.code === 'fenced')
    return new BrokerError(
      `another replay of this topology has begun, and shut out this one (${run}). What it sent is sent; once the other is finished, the same command goes on`,
      { code: 'fenced', cause: error },
    );
  return new BrokerError(
    `${error.message}. Whatever happened, the same command (--run ${run}) goes on, and sends nothing twice`,
    {
      code: error.code,
      cause: error,
    },
  );
}
