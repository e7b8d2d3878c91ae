import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom } from 'rxjs';
import { LocalBroker, type LocalOptions } from '../../src/brokers/local/local-broker.ts';
import type { Batch, CommitInfo, OutgoingBatch, Stage, TaskChannel, TaskId } from '../../src/core/broker.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Codec } from '../../src/core/codec.ts';
import type { Framer, MakeFramer } from '../../src/core/framer.ts';
import type { DataRecord } from '../../src/core/record.ts';
import type { CheckpointDelta } from '../../src/core/state.ts';

/** The smallest codec: JSON text as it came. */
export const toyCodec: Codec = {
  name: 'json',
  decode: (payload) => JSON.parse(typeof payload === 'string' ? payload : Buffer.from(payload).toString()),
  encode: (record) => (record.payload === undefined ? JSON.stringify(record.data) : record.payload),
};

/** Lines, nothing else: what the tests of files, locks and commits need of a format. */
export const toyFramers: MakeFramer = ({ resume }) => new ToyLines(resume?.offset ?? 0);

class ToyLines implements Framer {
  payload = '';
  readonly data = undefined;
  bytes = 0;
  offset: number;
  private rest: Buffer = Buffer.alloc(0);
  private done = false;

  constructor(offset: number) {
    this.offset = offset;
  }

  push(chunk: Uint8Array): void {
    this.rest = this.rest.byteLength === 0 ? Buffer.from(chunk) : Buffer.concat([this.rest, chunk]);
  }

  finish(): void {
    this.done = true;
  }

  next(): boolean {
    for (;;) {
      const end = this.rest.indexOf(10);
      if (end < 0 && (!this.done || this.rest.byteLength === 0)) return false;
      const length = end < 0 ? this.rest.byteLength : end + 1;
      this.payload = this.rest.toString('utf8', 0, end < 0 ? length : end);
      this.rest = this.rest.subarray(length);
      this.bytes = length;
      this.offset += length;
      if (this.payload !== '') return true;
    }
  }

  state(): undefined {
    return undefined;
  }
}

/** A folder for one test, removed with `using`. */
export function scratch(): { readonly path: string; readonly [Symbol.dispose]: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'sluice-local-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export const SOURCE: TaskId = { topology: 'toy', stage: 'source', topic: 'in', partition: 0 };

export function toyStage(init: Partial<Stage> = {}): Stage {
  return {
    topology: 'toy',
    id: 'source',
    inputs: [{ topic: 'in', codec: toyCodec }],
    hasState: true,
    start: 'earliest',
    internal: false,
    ...init,
  };
}

export function toyBroker(dir: string, init: Partial<LocalOptions> = {}): LocalBroker {
  return new LocalBroker({ dir, framers: toyFramers, clock: systemClock, ...init });
}

export async function begin(broker: LocalBroker, stages: readonly Stage[] = [toyStage()]): Promise<void> {
  await firstValueFrom(broker.tasks(stages, new AbortController().signal));
}

/** Starts a broker on `dir` and opens its only task. */
export async function openToy(
  dir: string,
  init: Partial<LocalOptions> = {},
  stage: Partial<Stage> = {},
): Promise<{ broker: LocalBroker; channel: TaskChannel }> {
  const broker = toyBroker(dir, init);
  try {
    await begin(broker, [toyStage(stage)]);
    return { broker, channel: await broker.open(SOURCE) };
  } catch (error) {
    await broker.close();
    throw error;
  }
}

export function pollSome(channel: TaskChannel, records = 1000, waitMs = 1000): Promise<Batch> {
  const limit = { records, bytes: 64 * 1024 * 1024, untilMs: systemClock.elapsed() + waitMs };
  return channel.poll(limit, new AbortController().signal);
}

export function info(init: Partial<CommitInfo> = {}): CommitInfo {
  return { checkpoint: 1, checkpointAt: 0, fingerprint: 'toy', emitted: 0, digest: 0, ...init };
}

export function toTopic(
  topic: string,
  records: readonly DataRecord[],
  init: Partial<OutgoingBatch> = {},
): OutgoingBatch {
  return {
    topic,
    role: 'output',
    records,
    values: records.map((record) => record.payload ?? null),
    findings: 'none',
    ...init,
  };
}

export function parts(texts: Readonly<Record<string, string>>, drop: readonly string[] = []): CheckpointDelta {
  return { put: Object.entries(texts).map(([name, text]) => ({ name, bytes: Buffer.from(text) })), drop };
}

export async function restored(channel: TaskChannel): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, bytes } of channel.start.parts) found[name] = Buffer.from(bytes).toString();
  return found;
}

/** Copies everything to topic `out`, one commit a poll, and closes. */
export async function copyAll(
  dir: string,
  init: Partial<LocalOptions> = {},
  stage: Partial<Stage> = {},
): Promise<DataRecord[]> {
  const { broker, channel } = await openToy(dir, init, stage);
  const seen: DataRecord[] = [];
  try {
    for (;;) {
      const batch = await pollSome(channel);
      seen.push(...batch.records);
      if (batch.records.length > 0)
        await channel.commit({ outputs: [toTopic('out', batch.records)], next: batch.next, info: info() });
      if (batch.atEnd) return seen;
    }
  } finally {
    await channel.close();
    await broker.close();
  }
}

export function lines(count: number, from = 0): string {
  let text = '';
  for (let i = from; i < from + count; i++) text += `{"id":${i},"name":"näme ${i}"}\n`;
  return text;
}
