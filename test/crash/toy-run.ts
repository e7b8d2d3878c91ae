import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { firstValueFrom } from 'rxjs';
import { LocalBroker } from '../../src/brokers/local/local-broker.ts';
import { type OutgoingBatch, type Stage, type TaskChannel, type TaskId, taskName } from '../../src/core/broker.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { DataRecord } from '../../src/core/record.ts';
import type { CheckpointDelta } from '../../src/core/state.ts';
import { toyCodec, toyFramers } from '../brokers/local-toy.ts';

/**
 * A child process of the crash tests: a stage that drops repeated ids and counts, and a second one behind a
 * repartition, both writing into one quarantine topic. `argv`: folder, name of the fault point to die at, how many
 * passes of that point to let go, pause per commit in milliseconds (so that a kill at a random moment meets all of it).
 */
const [dir = '', faultPoint = '', passes = '0', pauseMs = '0'] = process.argv.slice(2);
const POLL_RECORDS = 97;
const CHECKPOINT_EVERY = 3;

let left = Number(passes);
function point(name: string): void {
  if (name === faultPoint && left-- === 0) process.kill(process.pid, 'SIGKILL');
}

const stages: Stage[] = [
  {
    topology: 'toy',
    id: 'source',
    inputs: [{ topic: 'in', codec: toyCodec }],
    hasState: true,
    start: 'earliest',
    internal: false,
  },
  {
    topology: 'toy',
    id: 'by-id',
    inputs: [{ topic: 'toy.by-id', codec: toyCodec }],
    hasState: true,
    start: 'earliest',
    internal: true,
  },
];

/** Ids seen, kept as segments: what a dedup does. */
class Seen {
  private readonly ids = new Set<number>();
  private fresh: number[] = [];
  private segment = 0;

  restore(name: string, bytes: Uint8Array): void {
    for (const id of JSON.parse(Buffer.from(bytes).toString())) this.ids.add(id);
    this.segment = Math.max(this.segment, Number(name.split('/')[1]) + 1);
  }

  isNew(id: number): boolean {
    if (this.ids.has(id)) return false;
    this.ids.add(id);
    this.fresh.push(id);
    return true;
  }

  /** Every fourth checkpoint merges all segments into one. */
  checkpoint(): CheckpointDelta {
    const merge = this.segment % 4 === 3;
    const drop = merge ? Array.from({ length: this.segment }, (_, i) => `seen/${i}`) : [];
    const bytes = Buffer.from(JSON.stringify(merge ? [...this.ids] : this.fresh));
    this.fresh = [];
    return { put: [{ name: `seen/${this.segment++}`, bytes }], drop };
  }
}

type Process = (records: readonly DataRecord[], seen: Seen, end: boolean) => OutgoingBatch[];

function idOf(record: DataRecord): number {
  return (record.data as { id: number }).id; // the test wrote the file
}

const sift: Process = (records, seen, end) => {
  const fresh = records.filter((record) => seen.isNew(idOf(record)));
  const bad = fresh.filter((record) => idOf(record) % 7 === 0);
  const good = fresh.filter((record) => idOf(record) % 7 !== 0);
  const upstream = good.map(() => ({ task: 'source', time: Number.NaN }));
  const forward = values({ topic: 'toy.by-id', role: 'repartition', records: good });
  return [
    { ...forward, upstream },
    values({ topic: 'bad', role: 'quarantine', records: bad }),
    ...(end ? [endOf(records.at(-1))] : []),
  ];
};

function endOf(last: DataRecord | undefined): OutgoingBatch {
  const record = last ?? endMarker;
  return {
    ...values({ topic: 'toy.by-id', role: 'repartition', records: [record] }),
    values: [null],
    upstream: [{ task: 'source', time: Number.NaN, control: 'end' }],
  };
}
let endMarker: DataRecord;

const finish: Process = (records, seen) => {
  const real = records.filter((record) => record.payload !== null);
  const fresh = real.filter((record) => seen.isNew(idOf(record)));
  return [
    values({ topic: 'bad', role: 'quarantine', records: fresh.filter((record) => idOf(record) % 11 === 0) }),
    {
      ...values({ topic: 'out', role: 'output', records: fresh.filter((record) => idOf(record) % 11 !== 0) }),
      findings: 'header',
    },
  ];
};

function values(init: { topic: string; role: OutgoingBatch['role']; records: readonly DataRecord[] }): OutgoingBatch {
  return { ...init, values: init.records.map((record) => record.payload ?? null), findings: 'none' };
}

async function runTask(broker: LocalBroker, task: TaskId, work: Process): Promise<void> {
  const channel = await broker.open(task);
  const seen = new Seen();
  for await (const part of channel.start.parts) seen.restore(part.name, part.bytes);
  const { committed, position } = channel.start;
  if (committed !== undefined && committed.checkpointAt !== position) {
    channel.seek(committed.checkpointAt);
    for (let at = committed.checkpointAt; at < position; ) {
      const batch = await poll(channel);
      work(batch.records, seen, false);
      at = batch.next;
    }
  }
  let checkpointAt = committed?.checkpointAt ?? 0;
  let commits = committed?.emitted ?? 0;
  let ended = (committed?.digest ?? 0) === 1;
  for (;;) {
    const batch = await poll(channel);
    endMarker = batch.records.at(-1) ?? endMarker;
    const end = batch.atEnd && !(ended && batch.records.length === 0);
    if (batch.records.length > 0 || end) {
      ended = batch.atEnd;
      const outputs = work(batch.records, seen, end);
      commits++;
      const due = commits % CHECKPOINT_EVERY === 0 || commits === 1 || end;
      if (due) checkpointAt = batch.next;
      const info = { checkpoint: commits, checkpointAt, fingerprint: 'toy', emitted: commits, digest: ended ? 1 : 0 };
      await channel.commit({ outputs, next: batch.next, info, ...(due ? { checkpoint: seen.checkpoint() } : {}) });
      if (pauseMs !== '0') await systemClock.sleep(Number(pauseMs));
    }
    if (batch.atEnd) return channel.close();
  }
}

function poll(channel: TaskChannel) {
  const limit = { records: POLL_RECORDS, bytes: 1024 * 1024, untilMs: systemClock.elapsed() + 1000 };
  return channel.poll(limit, new AbortController().signal);
}

const topics = new Map([['in', JSON.parse(readFileSync(join(dir, 'inputs.json'), 'utf8')) as string[]]]);
const broker = new LocalBroker({
  dir: join(dir, 'run'),
  topics,
  framers: toyFramers,
  clock: systemClock,
  faultPoint: point,
});
const { assigned } = await firstValueFrom(broker.tasks(stages, new AbortController().signal));
const work = new Map([
  ['toy/source/in/0', sift],
  ['toy/by-id/toy.by-id/0', finish],
]);
await Promise.all(assigned.map((task) => runTask(broker, task, work.get(taskName(task))!)));
await broker.close();
