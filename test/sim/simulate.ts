import { MemoryBroker } from '../../src/brokers/memory/broker.ts';
import { type ClusterFaults, MemoryCluster } from '../../src/brokers/memory/cluster.ts';
import { uniform } from '../../src/core/hash.ts';
import type { TaskState } from '../../src/core/observer.ts';
import { type RunSummary, runPlan } from '../../src/runtime/run.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';
import type { Plan } from '../../src/topology/plan.ts';
import { type ToyStep, toyPlan } from '../property/toy-plan.ts';

const PARTITIONS = 3;
/** Simulated time in which those that are left have read everything. */
const PATIENCE_MS = 60_000;
const RECORDS = 40;
/** Kernels of the first stage may do anything; the second sees its partitions in any order, so what it does must not depend on it. */
const FIRST = ['parity', 'tag', 'reject', 'copy', 'boom', 'once', 'delay', 'buffer', 'sum'] as const;
const SECOND = ['parity', 'reject', 'copy'] as const;
const TOPICS = ['out0', 'out1', 'side0', 'side1', 'bad'] as const;

/** Draws everything from the seed: the same seed gives the same campaign, to the last fault. */
class Dice {
  private readonly seed: number;
  private draws = 0;

  constructor(seed: number) {
    this.seed = seed;
  }

  below(n: number): number {
    return Math.floor(uniform(this.seed, 77, ++this.draws) * n);
  }

  share(): number {
    return uniform(this.seed, 77, ++this.draws);
  }
}

interface World {
  readonly clock: ManualClock;
  readonly cluster: MemoryCluster;
  readonly plan: Plan;
}

interface Process {
  readonly broker: MemoryBroker;
  readonly stop: AbortController;
  readonly work: Promise<RunSummary>;
  zombie: boolean;
  failure: unknown;
}

export interface Outcome {
  /** Stage 1: lines by topic and partition, in order; stage 2: all lines, sorted. */
  readonly outputs: Readonly<Record<string, readonly string[]>>;
  readonly totals: Readonly<Record<string, unknown>>;
  readonly tally: Tally;
}

/** What befell the processes of a campaign. */
export type Tally = Record<'joins' | 'leaves' | 'kills' | 'zombies' | 'failures' | 'replays' | 'survivors', number>;

export function emptyTally(): Tally {
  return { joins: 0, leaves: 0, kills: 0, zombies: 0, failures: 0, replays: 0, survivors: 0 };
}

function stepsOf(dice: Dice, names: readonly string[], most: number): ToyStep[] {
  return Array.from({ length: dice.below(most + 1) }, () => ({
    use: names[dice.below(names.length)]!,
    reads: [dice.below(8)],
  }));
}

function makeWorld(seed: number, stages: number, faults: ClusterFaults): World {
  const dice = new Dice(seed);
  const clock = new ManualClock(1_000_000);
  const steps = [stepsOf(dice, FIRST, 4), ...(stages > 1 ? [stepsOf(dice, SECOND, 2)] : [])];
  const plan = toyPlan({ stages: steps, leave: dice.below(1000) }, { checkpointEveryMs: 150 });
  const cut = (poll: number) => 1 + Math.floor(uniform(seed, 5, poll) * 9);
  const cluster = new MemoryCluster({ clock, seed, faults, cut });
  cluster.createTopic('in', PARTITIONS);
  return { clock, cluster, plan };
}

function feed({ cluster }: World, seed: number, from: number, to: number): void {
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const values = [];
    for (let i = from; i < to; i++) {
      const draw = uniform(seed, 9, partition, i);
      const n = Math.floor(draw * 60);
      const t = i * 40 + Math.floor(draw * 600);
      values.push(draw < 0.02 ? '{"n":' : JSON.stringify({ n, t, p: partition, i }));
    }
    cluster.append('in', values, partition);
  }
}

function outcome({ cluster, plan }: World, summary: RunSummary, tally: Tally): Outcome {
  const outputs: Record<string, readonly string[]> = {};
  const two = plan.stages.length > 1;
  const perPartition = two ? ['events'] : [...TOPICS, 'events'];
  const lines = (topic: string, partition: number) =>
    cluster.hasTopic(topic)
      ? cluster
          .read(topic, partition)
          .map(({ value, headers }) =>
            [String(value), ...headers.map((header) => `${header.name}=${Buffer.from(header.value ?? [])}`)].join(' '),
          )
      : [];
  for (const topic of perPartition) for (let p = 0; p < PARTITIONS; p++) outputs[`${topic}/${p}`] = lines(topic, p);
  if (two) {
    for (const topic of TOPICS)
      outputs[topic] = Array.from({ length: PARTITIONS }, (_, p) => lines(topic, p))
        .flat()
        .sort();
  }
  const { seconds: _s, recordsPerSecond: _r, resumed: _z, read: _n, ...totals } = summary;
  return { outputs, totals, tally };
}

async function finish(world: World): Promise<RunSummary> {
  world.cluster.faults = {};
  world.cluster.bound('in');
  const broker = new MemoryBroker(world.cluster, { bounded: true });
  return world.clock.until(runPlan({ plan: world.plan, broker, clock: world.clock, untilEnd: true }));
}

/** One process, no faults: what every other run must come to. */
export async function calm(seed: number, stages: number): Promise<Outcome> {
  const world = makeWorld(seed, stages, {});
  feed(world, seed, 0, RECORDS);
  return outcome(world, await finish(world), emptyTally());
}

/** Several processes that die, are taken for dead, come back and lose commits, while records arrive. */
export async function storm(seed: number, stages: number): Promise<Outcome> {
  const dice = new Dice(seed + 1_000_003);
  const world = makeWorld(seed, stages, {
    delayMs: dice.below(3) === 0 ? 0 : 40,
    failed: dice.share() * 0.1,
    limbo: dice.share() * 0.1,
    unknownApplied: dice.share() * 0.1,
  });
  const tally = emptyTally();
  const processes = [launch(world, tally)];
  let fed = 0;
  for (let round = 0; round < 12; round++) {
    const next = Math.min(RECORDS, fed + dice.below(12));
    feed(world, seed, fed, next);
    fed = next;
    disturb(world, dice, processes, tally);
    await world.clock.advance(dice.below(120));
  }
  feed(world, seed, fed, RECORDS);
  world.cluster.faults = {};
  const left = processes.filter(({ stop }) => !stop.signal.aborted);
  for (const process of left) if (process.zombie) process.broker.revive();
  tally.survivors = left.length;
  if (tally.survivors > 0) await catchUp(world);
  for (const process of processes) process.stop.abort(new Error('the storm is over'));
  await world.clock.until(Promise.all(processes.map(({ work }) => work.catch(() => {})))); // failures are judged below
  const failed = processes.find(({ failure }) => failure !== undefined);
  if (failed !== undefined) throw failed.failure;
  return outcome(world, await finish(world), tally);
}

/** Whoever is left goes on by himself: no partition stands still. */
async function catchUp({ clock, cluster, plan }: World): Promise<void> {
  const behind = () =>
    Array.from({ length: PARTITIONS }, (_, partition) => partition).filter((partition) => {
      const task = { topology: plan.name, stage: 'source', topic: 'in', partition };
      return cluster.state(task).position < cluster.log('in', partition).end;
    });
  const deadline = clock.now() + PATIENCE_MS;
  while (behind().length > 0) {
    if (clock.now() > deadline) throw new Error(`partitions that stand still: ${behind().join(', ')}`);
    await clock.advance(50);
  }
}

function disturb(world: World, dice: Dice, processes: Process[], tally: Tally): void {
  const running = processes.filter(({ stop }) => !stop.signal.aborted);
  const victim = running[dice.below(Math.max(1, running.length))];
  switch (dice.below(7)) {
    case 0:
    case 1:
      if (running.length < 3) processes.push(launch(world, tally));
      break;
    case 2:
      if (victim === undefined) break;
      tally.kills++;
      victim.stop.abort(new Error('killed'));
      victim.broker.kill();
      victim.zombie = false;
      break;
    case 3:
      if (victim === undefined || victim.zombie) break;
      tally.zombies++;
      victim.broker.expel();
      victim.zombie = true;
      break;
    case 4:
      for (const process of running) {
        if (process.zombie) process.broker.revive();
        process.zombie = false;
      }
      break;
    case 5:
      if (victim === undefined) break;
      tally.leaves++;
      victim.stop.abort(new Error('stopped'));
      break;
    default:
      break;
  }
}

function launch(world: World, tally: Tally): Process {
  tally.joins++;
  const broker = new MemoryBroker(world.cluster);
  const stop = new AbortController();
  const work = runPlan({
    plan: world.plan,
    broker,
    clock: world.clock,
    signal: stop.signal,
    observer: {
      taskState: (_task, state: TaskState) => {
        if (state === 'replaying') tally.replays++;
      },
      taskFailed: () => void tally.failures++,
    },
  });
  const process: Process = { broker, stop, work, zombie: false, failure: undefined };
  work.catch((error) => {
    if (!stop.signal.aborted) process.failure = error;
  });
  return process;
}
