import type { TaskStart } from '../core/broker.ts';
import { StateError } from '../core/errors.ts';
import type { Counts } from '../core/observer.ts';
import type { CheckpointDelta, StatePart } from '../core/state.ts';
import type { CompiledStage, CompiledStep } from '../topology/compile.ts';
import { countsFromJson, countsToJson } from './counters.ts';
import type { RootTable } from './record-store.ts';
import type { ClockState } from './stream-clock.ts';
import type { SavedWatch } from './watch/stage-watch.ts';

/** Part that holds what the runtime itself remembers of a task. */
const TASK_PART = '~task';
const VERSION = 1;

export interface TaskMemory {
  clock: ClockState;
  /** Of upstream tasks, for a stage behind a repartition: stream time (null: released) by task name. */
  upstream: [string, number | null][];
  ended: boolean;
  totals: Counts;
  roots: RootTable;
  /** Ids of commands that were done. */
  commands: readonly string[];
  keyMismatches: number;
  watch: SavedWatch;
  /** Ids of all stages of the plan: one that is gone may leave records behind that it has not read. */
  stages: readonly string[];
}

/** Parts of a kernel are named `<step>~<hash of its config>/<part>`. */
function prefixOf(step: CompiledStep): string {
  return `${step.plan.id}~${step.plan.stateHash}/`;
}

/** Everything that changed, under names that say whose it is. `stale`: parts of steps that were reset. */
export function takeCheckpoint(
  stage: CompiledStage,
  remember: () => TaskMemory,
  stale: readonly string[],
): CheckpointDelta {
  const put: StatePart[] = [];
  const drop: string[] = [...stale];
  for (const step of stage.steps) {
    const delta = step.kernel.checkpoint?.();
    if (delta === undefined) continue;
    const prefix = prefixOf(step);
    for (const part of delta.put) put.push({ name: prefix + part.name, bytes: part.bytes });
    for (const name of delta.drop) drop.push(prefix + name);
  }
  const memory = remember(); // after the kernels: writing held records gives roots their identity
  const json = {
    version: VERSION,
    clock: { streamTime: finite(memory.clock.streamTime), candidates: memory.clock.candidates },
    steps: stage.steps.map((step) => [step.plan.id, finite(step.clock)]),
    upstream: memory.upstream,
    ended: memory.ended,
    totals: countsToJson(memory.totals),
    roots: memory.roots,
    commands: memory.commands,
    keyMismatches: memory.keyMismatches,
    watch: memory.watch,
    stages: memory.stages,
  };
  put.push({ name: TASK_PART, bytes: Buffer.from(JSON.stringify(json)) });
  return { put, drop };
}

export interface Restored {
  readonly memory: TaskMemory | undefined;
  /** Parts of steps that the user reset: dropped with the next checkpoint. */
  readonly stale: readonly string[];
}

interface RestoreOptions {
  readonly resetSteps: ReadonlySet<string>;
  /** Ids of all stages of the plan. */
  readonly stages: readonly string[];
  readonly onProgress: (done: number, of: number) => void;
}

/** Hands every part to its kernel. A part nobody claims, or a stage that is gone, means that the topology changed: refuse, unless the step was reset. */
export async function restoreState(
  stage: CompiledStage,
  start: Pick<TaskStart, 'parts' | 'partCount'>,
  options: RestoreOptions,
): Promise<Restored> {
  const { resetSteps, stages, onProgress } = options;
  const byPrefix = new Map(stage.steps.map((step) => [prefixOf(step), step]));
  const stale: string[] = [];
  let memory: TaskMemory | undefined;
  let done = 0;
  for await (const part of start.parts) {
    onProgress(++done, start.partCount);
    if (part.name === TASK_PART) {
      memory = readMemory(part, stage);
      continue;
    }
    const slash = part.name.indexOf('/') + 1;
    const step = byPrefix.get(part.name.slice(0, slash));
    const id = part.name.slice(0, part.name.indexOf('~'));
    if (resetSteps.has(id)) stale.push(part.name);
    else if (step?.kernel.restore === undefined) throw changed(id, stage);
    else step.kernel.restore({ name: part.name.slice(slash), bytes: plain(part.bytes) });
  }
  const gone = memory?.stages.find((id) => !stages.includes(id) && !resetSteps.has(id));
  if (gone !== undefined) throw stageGone(gone);
  return { memory, stale };
}

/** A Buffer is a Uint8Array whose slice() is no copy: kernels get the real thing, whatever a broker read into. */
function plain(bytes: Uint8Array): Uint8Array {
  return Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
}

/** What a stage had not read when it was taken out of the topology nobody would read any more. */
function stageGone(id: string): StateError {
  return new StateError(
    `there was a step ${id}, and what it has passed on may not have been read yet: put it back, or, after a run that came to the end of its input, give --reset-state ${id}`,
    { code: 'stage-gone' },
  );
}

function changed(id: string, stage: CompiledStage): StateError {
  const what = stage.steps.some((step) => step.plan.id === id)
    ? `step ${id} was configured differently`
    : `there was a step ${id}`;
  return new StateError(
    `the state of this topology was made when ${what}: undo the change, or give --reset-state ${id} to start that step without memory`,
    { code: 'state-changed' },
  );
}

function readMemory(part: StatePart, stage: CompiledStage): TaskMemory {
  const saved = JSON.parse(Buffer.from(part.bytes).toString());
  if (saved.version !== VERSION)
    throw new StateError(`state of version ${saved.version}; this build reads ${VERSION}`, { code: 'state-version' });
  const clocks = new Map<string, number | null>(saved.steps);
  for (const step of stage.steps) step.clock = clocks.get(step.plan.id) ?? Number.NEGATIVE_INFINITY;
  return {
    clock: { streamTime: saved.clock.streamTime ?? Number.NaN, candidates: saved.clock.candidates },
    upstream: saved.upstream,
    ended: saved.ended,
    totals: countsFromJson(saved.totals),
    roots: saved.roots,
    commands: saved.commands ?? [],
    keyMismatches: saved.keyMismatches ?? 0,
    watch: saved.watch ?? {},
    stages: saved.stages ?? [], // of an earlier build
  };
}

/** Counts since a task's first record, as they stand among the parts of its newest checkpoint; undefined for another part. */
export function savedTotals(part: StatePart): Counts | undefined {
  if (part.name !== TASK_PART) return undefined;
  const saved = JSON.parse(Buffer.from(part.bytes).toString());
  return saved.version === VERSION ? countsFromJson(saved.totals) : undefined;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
