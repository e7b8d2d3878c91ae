import { describe, expect, it } from 'vitest';
import { parseKey, type StateIndex } from '../../../src/brokers/kafka/state-format.ts';
import { StateLog } from '../../../src/brokers/kafka/state-log.ts';
import { StateWriter } from '../../../src/brokers/kafka/state-writer.ts';
import type { CheckpointDelta } from '../../../src/core/state.ts';

const INPUT = { topic: 'in', id: 'abc', partitions: 2 };

/** A partition of a state topic: what its writers wrote, and who reads it. */
class Partition {
  readonly records: { key: Buffer; value: Uint8Array | null }[] = [];

  write(writer: StateWriter, delta: CheckpointDelta, checkpoint: number, generation = 1): number {
    const base = this.records.length;
    const info = { checkpoint, checkpointAt: checkpoint * 10, fingerprint: 'f', emitted: 0, digest: 0 };
    this.records.push(...writer.records(delta, { info, position: checkpoint * 10, generation }));
    return writer.adopt(base);
  }

  read(from = 0): StateLog {
    const log = new StateLog();
    for (let i = from; i < this.records.length; i++) {
      const record = this.records[i];
      if (record !== undefined) log.accept(i, record.key, record.value);
    }
    return log;
  }
}

const fresh = (writer = 'w1') => new StateWriter({ index: undefined, offsets: new Map(), writer, input: INPUT });

async function parts(log: StateLog): Promise<Record<string, number[]>> {
  const found: Record<string, number[]> = {};
  for await (const { name, bytes } of log.parts()) found[name] = [bytes.length, bytes.byteOffset];
  return found;
}

const part = (name: string, length: number) => ({ name, bytes: new Uint8Array(length).fill(7) });

describe('state of a task in its topic', () => {
  it('gives the newest checkpoint back: parts in many chunks, none, replaced and dropped', async () => {
    const partition = new Partition();
    const writer = fresh();
    partition.write(writer, { put: [part('big', 2_000_000), part('empty', 0), part('old', 3)], drop: [] }, 1);
    partition.write(writer, { put: [part('old', 5)], drop: ['empty'] }, 2);
    const log = partition.read();
    expect(log.index).toMatchObject({ checkpoint: 2, position: 20, input: INPUT });
    expect(await parts(log)).toEqual({ big: [2_000_000, 0], old: [5, 0] });
  });

  it('lets nothing go that is alive, and tells the cleaner of everything that is not', () => {
    const partition = new Partition();
    const writer = fresh();
    partition.write(writer, { put: [part('stays', 3)], drop: [] }, 1);
    let oldest = 0;
    for (let n = 2; n < 50; n++) oldest = partition.write(writer, { put: [part('moves', 3)], drop: [] }, n);
    expect(oldest).toBe(0);
    oldest = partition.write(writer, { put: [part('stays', 4)], drop: [] }, 50);
    expect(oldest).toBeGreaterThan(100);
    expect(partition.read(oldest).index).toMatchObject({ checkpoint: 50 });
    const alive = new Set<string>();
    for (const { key, value } of partition.records) {
      if (parseKey(key)?.kind !== 'part') continue;
      if (value === null) alive.delete(key.toString());
      else alive.add(key.toString());
    }
    expect([...alive].map((key) => key.split('\0')[1]).sort()).toEqual(['moves', 'stays']);
  });

  it('goes on as another writer, from what it read', async () => {
    const partition = new Partition();
    partition.write(fresh(), { put: [part('a', 1), part('b', 2)], drop: [] }, 1);
    const log = partition.read();
    const second = new StateWriter({ index: log.index, offsets: log.offsets(), writer: 'w2', input: INPUT });
    partition.write(second, { put: [part('b', 9)], drop: [] }, 2, 2);
    expect(await parts(partition.read())).toEqual({ a: [1, 0], b: [9, 0] });
  });

  it('keeps the older checkpoint when the newer is incomplete, or of a generation that is over', () => {
    const partition = new Partition();
    const writer = fresh();
    partition.write(writer, { put: [part('a', 1)], drop: [] }, 1, 5);
    const zombie = fresh('zombie');
    partition.write(zombie, { put: [part('a', 2)], drop: [] }, 2, 4);
    expect(partition.read().index).toMatchObject({ checkpoint: 1 });
    partition.write(writer, { put: [part('a', 3)], drop: [] }, 3, 5);
    partition.records.splice(partition.records.length - 2, 1); // its part is missing
    expect(partition.read().index).toMatchObject({ checkpoint: 1 });
  });

  it('refuses a part whose bytes changed', async () => {
    const partition = new Partition();
    partition.write(fresh(), { put: [part('a', 4)], drop: [] }, 1);
    const value = partition.records[0]?.value;
    if (value != null) value[2] = 8;
    await expect(parts(partition.read())).rejects.toMatchObject({ code: 'state-damaged' });
  });

  it('reads no index of a format to come', () => {
    const log = new StateLog();
    const index = { v: 99 } as unknown as StateIndex; // as a later build would write it
    expect(() => log.accept(0, Buffer.from(['i', 0, 1].join('\0')), Buffer.from(JSON.stringify(index)))).toThrow(
      /format 99/,
    );
  });
});
