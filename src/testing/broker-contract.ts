import assert from 'node:assert/strict';
import { firstValueFrom, type Observable, take } from 'rxjs';
import type {
  Batch,
  Broker,
  CommitInfo,
  CommitRequest,
  FaultPoint,
  OutgoingBatch,
  Stage,
  TaskChannel,
  TaskId,
} from '../core/broker.ts';
import { taskName } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import { DataRecord } from '../core/record.ts';
import type { StatePart } from '../core/state.ts';
import type { ContractCase } from './contract-case.ts';
import { jsonCodec } from './json-codec.ts';

/** What a broker gives to be tested: storage that outlives a process, with one input of one partition. */
export interface BrokerHarness {
  readonly clock: Clock;
  /** The input topic; bounded: a task that has read everything is at its end. */
  readonly input: string;
  /** Adds JSON texts to the input. */
  append(values: readonly string[]): Promise<void>;
  /** A new process on the same storage. The one before was closed, or is a zombie when `zombies`. */
  connect(options?: { readonly point?: FaultPoint }): Promise<Broker>;
  /** What a reader of committed data sees in CONTRACT_OUTPUT, in order. */
  read(): Promise<readonly string[]>;
  /** Two processes can hold the same task for a while: the later one wins. Local mode refuses by its lock. */
  readonly zombies: boolean;
  dispose(): Promise<void>;
}

const TOPOLOGY = 'contract';
const FAR = { records: 1000, bytes: 1 << 20 };
const never = new AbortController().signal;

/** The promises every broker keeps behind its port. `makeHarness` gives fresh storage for each case. */
export function brokerContract(name: string, makeHarness: () => Promise<BrokerHarness>): readonly ContractCase[] {
  return CASES.map(([promise, body]) => ({
    name: `${name}: ${promise}`,
    run: async () => {
      const harness = await makeHarness();
      try {
        await body(harness);
      } finally {
        await harness.dispose();
      }
    },
  }));
}

type Body = (harness: BrokerHarness) => Promise<void>;

const CASES: readonly (readonly [string, Body])[] = [
  ['gives a fresh task every record from the start, in order', readsEverything],
  ['says when the input is at its end, and again after it grew', readsToTheEnd],
  ['comes back with nothing when there is nothing to read until the time is up', timesOut],
  ['assigns every task of every stage', assigns],
  ['shows outputs only once they are committed', hidesOpenOutputs],
  ['begins at the committed position after it was opened again', resumes],
  ['gives the commit info back as it was', keepsInfo],
  ['keeps the parts of a checkpoint, replaces and drops them', keepsParts],
  ['reads the same records again after a seek', seeks],
  ['takes a commit beside a poll', commitsBesidePoll],
  ['commits everything or nothing, wherever it is stopped', isAtomic],
  ['can be stopped while it opens, and opened again', survivesOpen],
  ['shuts out the former owner of a task', (harness) => fences(harness, 0)],
  ['shuts out a former owner that has committed once', (harness) => fences(harness, 1)],
];

async function readsEverything(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 25));
  const { channel, broker } = await open(harness);
  assert.equal(channel.start.committed, undefined);
  assert.deepEqual(await partsOf(channel), []);
  const seen: string[] = [];
  let next = channel.start.position;
  while (seen.length < 25) {
    const batch = await poll(harness, channel, 7);
    assert.equal(batch.from, next);
    assert.ok(batch.records.length <= 7);
    next = batch.next;
    seen.push(...valuesOf(batch));
  }
  assert.deepEqual(seen, texts(0, 25));
  await done(channel, broker);
}

async function readsToTheEnd(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 3));
  const first = await open(harness);
  const { seen, last } = await readAll(harness, first.channel);
  assert.deepEqual(seen, texts(0, 3));
  await commit(first.channel, { next: last.next, values: seen });
  await done(first.channel, first.broker);
  await harness.append(texts(3, 5));
  const second = await open(harness);
  assert.deepEqual((await readAll(harness, second.channel)).seen, texts(3, 5));
  await done(second.channel, second.broker);
}

async function timesOut(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 2));
  const { channel, broker } = await open(harness);
  await readAll(harness, channel);
  const batch = await channel.poll({ ...FAR, untilMs: harness.clock.elapsed() }, never);
  assert.equal(batch.records.length, 0);
  const aborted = await channel.poll({ ...FAR, untilMs: harness.clock.elapsed() + 3_600_000 }, AbortSignal.abort());
  assert.equal(aborted.records.length, 0);
  await done(channel, broker);
}

async function assigns(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 1));
  const broker = await harness.connect();
  const assignment = await firstOf(broker.tasks([stageOf(harness)], never));
  assert.deepEqual(assignment.assigned.map(taskName), [taskName(taskOf(harness))]);
  await broker.close();
}

async function hidesOpenOutputs(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 4));
  const { channel, broker } = await open(harness);
  const batch = await poll(harness, channel, 2);
  assert.deepEqual(await harness.read(), []);
  await commit(channel, { next: batch.next, values: valuesOf(batch) });
  assert.deepEqual(await harness.read(), texts(0, 2));
  await poll(harness, channel, 2);
  assert.deepEqual(await harness.read(), texts(0, 2));
  await done(channel, broker);
  assert.deepEqual(await harness.read(), texts(0, 2));
}

async function resumes(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 6));
  const first = await open(harness);
  const batch = await poll(harness, first.channel, 4);
  await commit(first.channel, { next: batch.next, values: valuesOf(batch) });
  await poll(harness, first.channel, 1);
  await done(first.channel, first.broker);
  const second = await open(harness);
  assert.equal(second.channel.start.position, batch.next);
  assert.deepEqual((await readAll(harness, second.channel)).seen, texts(batch.records.length, 6));
  await done(second.channel, second.broker);
}

async function keepsInfo(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 2));
  const first = await open(harness);
  const batch = await poll(harness, first.channel, 2);
  const info: CommitInfo = {
    checkpoint: 7,
    checkpointAt: batch.next,
    fingerprint: 'f00d',
    emitted: 12,
    digest: 4_294_967_295,
  };
  await first.channel.commit({ outputs: [], next: batch.next, info, checkpoint: { put: [], drop: [] } });
  await done(first.channel, first.broker);
  const second = await open(harness);
  assert.deepEqual(second.channel.start.committed, info);
  await done(second.channel, second.broker);
}

async function keepsParts(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 4));
  const first = await open(harness);
  const one = await poll(harness, first.channel, 1);
  await commit(first.channel, { next: one.next, put: [part('s/a', 1), part('s/b', 2), part('s/empty')] });
  const two = await poll(harness, first.channel, 1);
  await commit(first.channel, { next: two.next, put: [part('s/a', 9, 9), part('s/c', 3)], drop: ['s/b'] });
  const three = await poll(harness, first.channel, 1);
  await commit(first.channel, { next: three.next });
  await done(first.channel, first.broker);
  const second = await open(harness);
  const parts = await partsOf(second.channel);
  assert.deepEqual(parts, ['s/a=9,9', 's/c=3', 's/empty=']);
  await done(second.channel, second.broker);
}

async function seeks(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 6));
  const first = await open(harness);
  const two = await poll(harness, first.channel, 2);
  await commit(first.channel, { next: two.next, put: [part('s/a', 1)], checkpointAt: two.next });
  const five = await poll(harness, first.channel, 3);
  await commit(first.channel, { next: five.next, checkpointAt: two.next, checkpoint: false });
  await done(first.channel, first.broker);
  const second = await open(harness);
  assert.equal(second.channel.start.position, five.next);
  second.channel.seek(two.next);
  assert.deepEqual((await readAll(harness, second.channel)).seen, texts(two.records.length, 6));
  await done(second.channel, second.broker);
}

async function commitsBesidePoll(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 6));
  const { channel, broker } = await open(harness);
  const first = await poll(harness, channel, 2);
  const committed = commit(channel, { next: first.next, values: valuesOf(first) });
  const second = await poll(harness, channel, 2);
  await committed;
  await commit(channel, { next: second.next, values: valuesOf(second) });
  assert.deepEqual(await harness.read(), texts(0, first.records.length + second.records.length));
  await done(channel, broker);
}

async function isAtomic(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 200));
  const names: string[] = [];
  const recording = await open(harness, (name) => void names.push(name));
  const first = await poll(harness, recording.channel, 1);
  names.length = 0;
  await commit(recording.channel, { next: first.next, values: valuesOf(first), put: [part('s/at', 0)] });
  await done(recording.channel, recording.broker);
  const points = names.filter((name) => name !== 'poll');
  assert.ok(points.length > 0, 'the broker has fault points in its commit');
  for (let stop = 0; stop < points.length; stop++) await stopAt(harness, stop);
}

/** Dies at the given point of a commit; afterwards outputs, position and state tell the same story. */
async function stopAt(harness: BrokerHarness, stop: number): Promise<void> {
  let armed = false;
  let count = 0;
  const { channel, broker } = await open(harness, (name) => {
    if (armed && name !== 'poll' && count++ === stop) throw new Error('stopped here');
  });
  const before = channel.start.position;
  const written = (await harness.read()).length;
  const batch = await poll(harness, channel, 1);
  armed = true;
  const request = { next: batch.next, values: valuesOf(batch), put: [part('s/at', stop + 1)] };
  await assert.rejects(commit(channel, request));
  armed = false;
  await done(channel, broker).catch(() => {}); // a process that died closes nothing properly
  const again = await open(harness);
  const { position } = again.channel.start;
  assert.ok(position === before || position === batch.next, `position ${position} is neither before nor after`);
  const moved = position === batch.next;
  assert.equal((await harness.read()).length, written + (moved ? 1 : 0), `point ${stop}: outputs and position`);
  const parts = await partsOf(again.channel);
  assert.equal(parts.includes(`s/at=${stop + 1}`), moved, `point ${stop}: state and position`);
  await done(again.channel, again.broker);
}

async function survivesOpen(harness: BrokerHarness): Promise<void> {
  await harness.append(texts(0, 4));
  const first = await open(harness);
  const batch = await poll(harness, first.channel, 2);
  await commit(first.channel, { next: batch.next, values: valuesOf(batch), put: [part('s/a', 5)] });
  await done(first.channel, first.broker);
  for (let stop = 0; stop < 20; stop++) {
    let count = 0;
    const point = (): void => {
      if (count++ === stop) throw new Error('stopped here');
    };
    const opened = await open(harness, point).catch(() => undefined);
    if (opened !== undefined) {
      await partsOf(opened.channel).catch(() => undefined);
      await done(opened.channel, opened.broker).catch(() => {}); // as above
    }
  }
  const last = await open(harness);
  assert.equal(last.channel.start.position, batch.next);
  assert.deepEqual(await partsOf(last.channel), ['s/a=5']);
  assert.deepEqual(await harness.read(), valuesOf(batch));
  await done(last.channel, last.broker);
}

/** `commits`: of the former owner, before it loses the task. */
async function fences(harness: BrokerHarness, commits: number): Promise<void> {
  if (!harness.zombies) return;
  await harness.append(texts(0, 4));
  const zombie = await open(harness);
  for (let i = 0; i < commits; i++) {
    const { next, records } = await poll(harness, zombie.channel, 1);
    assert.equal(records.length, 1);
    await commit(zombie.channel, { next, values: [`before ${i}`] });
  }
  const batch = await poll(harness, zombie.channel, 2);
  const owner = await open(harness);
  const before = await harness.read();
  assert.equal(before.length, commits);
  await assert.rejects(commit(zombie.channel, { next: batch.next, values: valuesOf(batch) }));
  assert.deepEqual(await harness.read(), before);
  const { seen, last } = await readAll(harness, owner.channel);
  assert.deepEqual(seen, texts(commits, 4));
  await commit(owner.channel, { next: last.next, values: seen });
  assert.deepEqual(await harness.read(), [...before, ...seen]);
  await done(owner.channel, owner.broker);
  await done(zombie.channel, zombie.broker).catch(() => {}); // it may say that it is shut out
}

function texts(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => `{"n":${from + i}}`);
}

function stageOf(harness: BrokerHarness): Stage {
  return {
    topology: TOPOLOGY,
    id: 'source',
    inputs: [{ topic: harness.input, codec: jsonCodec }],
    hasState: true,
    start: 'earliest',
    internal: false,
  };
}

function taskOf(harness: BrokerHarness): TaskId {
  return { topology: TOPOLOGY, stage: 'source', topic: harness.input, partition: 0 };
}

async function open(
  harness: BrokerHarness,
  point?: FaultPoint,
): Promise<{ readonly broker: Broker; readonly channel: TaskChannel }> {
  const broker = await harness.connect(point === undefined ? {} : { point });
  try {
    await firstOf(broker.tasks([stageOf(harness)], never));
    return { broker, channel: await broker.open(taskOf(harness)) };
  } catch (error) {
    await broker.close().catch(() => {}); // the first error is the story
    throw error;
  }
}

function firstOf<T>(stream$: Observable<T>): Promise<T> {
  return firstValueFrom(stream$.pipe(take(1)));
}

async function done(channel: TaskChannel, broker: Broker): Promise<void> {
  try {
    await channel.close();
  } finally {
    await broker.close();
  }
}

function poll(harness: BrokerHarness, channel: TaskChannel, records: number): Promise<Batch> {
  return channel.poll({ ...FAR, records, untilMs: harness.clock.elapsed() + 10_000 }, never);
}

async function readAll(harness: BrokerHarness, channel: TaskChannel): Promise<{ seen: string[]; last: Batch }> {
  const seen: string[] = [];
  for (;;) {
    const last = await poll(harness, channel, 1000);
    seen.push(...valuesOf(last));
    if (last.atEnd) return { seen, last };
  }
}

function valuesOf(batch: Batch): string[] {
  return batch.records.map(({ payload }) =>
    typeof payload === 'string' ? payload : new TextDecoder().decode(payload ?? undefined),
  );
}

function part(name: string, ...bytes: readonly number[]): StatePart {
  return { name, bytes: Uint8Array.from(bytes) };
}

async function partsOf(channel: TaskChannel): Promise<string[]> {
  const parts: string[] = [];
  for await (const { name, bytes } of channel.start.parts) parts.push(`${name}=${[...bytes].join()}`);
  assert.equal(channel.start.partCount, parts.length);
  return parts.sort();
}

function commit(
  channel: TaskChannel,
  spec: {
    readonly next: number;
    readonly values?: readonly string[];
    readonly put?: readonly StatePart[];
    readonly drop?: readonly string[];
    readonly checkpointAt?: number;
    readonly checkpoint?: boolean;
  },
): Promise<void> {
  const { next, values = [], put = [], drop = [], checkpointAt = next } = spec;
  const info: CommitInfo = { checkpoint: 1, checkpointAt, fingerprint: 'contract', emitted: 0, digest: 0 };
  const base: CommitRequest = { outputs: values.length === 0 ? [] : [outputOf(values)], next, info };
  return channel.commit(spec.checkpoint === false ? base : { ...base, checkpoint: { put, drop } });
}

/** Where the cases write. */
export const CONTRACT_OUTPUT = 'contract.out';

function outputOf(values: readonly string[]): OutgoingBatch {
  const source = { topic: 'contract.in', partition: 0 };
  const records = values.map(
    (payload, offset) => new DataRecord({ source, offset, payload, codec: jsonCodec, timestamp: 0 }),
  );
  return { topic: CONTRACT_OUTPUT, role: 'output', records, values, findings: 'none' };
}
