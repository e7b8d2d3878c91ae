import { describe, expect, it } from 'vitest';
import type { DataRecord } from '../../../src/core/record.ts';
import { DedupState } from '../../../src/kernels/dedup/dedup-state.ts';
import type { DedupWindow } from '../../../src/kernels/dedup/stamps.ts';
import { KeyHasher } from '../../../src/kernels/hash/key-hasher.ts';
import { recordOf } from './harness.ts';
import { replayJob } from './replay-job.ts';

const DAY: DedupWindow = { kind: 'time', seconds: 86_400 };

function stateOf(
  window: DedupWindow = DAY,
  options: { maxKeys?: number; seed?: number; expectedKeys?: number } = {},
): DedupState {
  const { maxKeys = 1e9, seed = 1, expectedKeys = 0 } = options;
  return new DedupState({ window, maxKeys, expectedKeys, seed: Uint32Array.of(seed, 2, 3, 4) });
}

const record = recordOf({}, 7);

/** Claims keys from..to, one a millisecond; gives how many were known already. */
function feed(
  state: DedupState,
  from: number,
  to: number,
  options: { startMs?: number; prefix?: string } = {},
): number {
  const hasher = new KeyHasher(state.seed);
  let known = 0;
  for (let i = from; i < to; i++) {
    state.tick((options.startMs ?? 0) + i);
    hasher.begin();
    hasher.value(`${options.prefix ?? 'k'}${i}`);
    hasher.end();
    if (state.has(hasher.h0, hasher.h1, hasher.h2)) known++;
    else state.claim(record);
  }
  state.tidy(to - from);
  return known;
}

function save(state: DedupState, parts: Map<string, Uint8Array>): number {
  const { put, drop } = state.checkpoint();
  for (const name of drop) expect(parts.delete(name)).toBe(true);
  let bytes = 0;
  for (const part of put) {
    parts.set(part.name, part.bytes);
    bytes += part.bytes.length;
  }
  return bytes;
}

function load(state: DedupState, parts: Map<string, Uint8Array>): DedupState {
  for (const [name, bytes] of parts) state.restore({ name, bytes });
  return state;
}

describe('dedup state', () => {
  it('loses nothing and invents nothing over 500,000 events, with two restarts and replays', () => {
    const result = replayJob(500_000, [200_000, 410_000], 60);
    expect(result).toMatchObject({ wrongDrops: 0, missed: 0, replayDifferences: 0 });
    expect(result.duplicates).toBeGreaterThan(24_000);
    expect(result.maxParts).toBeLessThanOrEqual(66);
  });

  it('takes at most 32 bytes a key at a million keys and more', () => {
    const state = stateOf();
    feed(state, 0, 1_200_000);
    const parts = new Map<string, Uint8Array>();
    save(state, parts);
    expect(state.byteLength / state.stamps.live).toBeLessThanOrEqual(32);
    expect(state.stamps.live).toBe(1_200_000);
  });

  it.each([
    ['time', DAY],
    ['all', { kind: 'all' }],
    ['records', { kind: 'records', records: 1e6 }],
  ] as const)('writes what changed, not what is there, and keeps at most 64 live parts (window %s)', (_, window) => {
    const state = stateOf(window);
    const parts = new Map<string, Uint8Array>();
    feed(state, 0, 100_000);
    save(state, parts);
    let total = 0;
    let most = 0;
    for (let i = 0; i < 400; i++) {
      feed(state, 100_000 + i * 100, 100_100 + i * 100);
      const bytes = save(state, parts);
      total += bytes;
      most = Math.max(most, parts.size);
      expect(bytes).toBeLessThan(700_000);
    }
    expect(most).toBeLessThanOrEqual(64);
    // 40,000 entries of 24 bytes; the histogram in meta is a few KiB each time
    expect(total / 400).toBeLessThan(100 * 24 * 4 + 8 * 1024);
    const again = load(stateOf(window, { seed: 99 }), parts);
    expect(feed(again, 0, 140_000)).toBe(140_000);
  });

  it('drops the parts whose time is over and gives memory back', () => {
    const state = stateOf({ kind: 'time', seconds: 100 });
    const parts = new Map<string, Uint8Array>();
    for (let i = 0; i < 20; i++) {
      feed(state, i * 5000, (i + 1) * 5000);
      save(state, parts);
    }
    expect(parts.size).toBe(22);
    const before = state.byteLength;
    state.tick(10_000_000);
    for (let i = 0; i < 1100; i++) state.tidy(4096);
    save(state, parts);
    expect(state.stamps.live).toBe(0);
    expect(state.byteLength).toBeLessThan(before / 2);
    expect([...parts.keys()].sort()).toEqual(['meta', 'origins']);
  });

  it.each([
    ['records', { kind: 'records', records: 20_000 }],
    ['time', { kind: 'time', seconds: 20 }],
  ] as const)('takes no more memory however long a window slides (%s)', (_, window) => {
    const state = stateOf(window);
    const parts = new Map<string, Uint8Array>();
    const pass = (from: number, to: number) => {
      for (let at = from; at < to; at += 500) {
        feed(state, at, at + 500);
        state.tidy(500);
        if (at % 10_000 === 0) save(state, parts);
      }
      return state.byteLength;
    };
    const early = pass(0, 200_000);
    expect(pass(200_000, 2_000_000)).toBeLessThan(1.2 * early);
    expect(feed(state, 1_990_000, 2_000_000)).toBe(10_000);
    expect(feed(state, 1_900_000, 1_900_100)).toBe(0);
  });

  it('counts of records start over without forgetting anything', () => {
    const state = stateOf({ kind: 'records', records: 1000 });
    feed(state, 0, 2000);
    const parts = new Map<string, Uint8Array>();
    save(state, parts);
    state.stamps.now += 2_999_990_000; // as if so many records had passed, and the last 500 after that
    Reflect.set(state.stamps, 'low', Math.floor(state.stamps.now / 2));
    feed(state, 5000, 5500);
    feed(state, 6000, 20_000, { prefix: 'x' });
    expect(state.stamps.now).toBeLessThan(100_000);
    expect(state.stamps.base).toBeGreaterThan(2_900_000_000);
    expect(feed(state, 19_200, 20_000, { prefix: 'x' })).toBe(800);
    expect(feed(state, 5000, 5500)).toBe(0);
    const again = load(stateOf({ kind: 'records', records: 1000 }), new Map([...parts, ...saveFresh(state)]));
    expect(again.stamps.live).toBe(state.stamps.live);
  });

  it('keeps the origin of the winner, also of exploded messages and of far offsets', () => {
    const origins: [number, number, string | undefined][] = [
      [0, -1, undefined],
      [2 ** 40 + 5, -1, 'a.ndjson'],
      [2 ** 49 + 3, -1, 'a.ndjson'],
      [12, 70_000, undefined],
      [2 ** 33 + 1, 2, undefined],
    ];
    const state = stateOf();
    const hasher = new KeyHasher(state.seed);
    const key = (i: number): void => {
      hasher.begin();
      hasher.value(i);
      hasher.end();
    };
    origins.forEach(([offset, index, part], i) => {
      key(i);
      state.has(hasher.h0, hasher.h1, hasher.h2);
      const source = { topic: 'in', partition: i, ...(part === undefined ? {} : { part }) };
      state.claim({ ...record, source, offset, index } as DataRecord); // pack() reads these three only
    });
    const parts = new Map<string, Uint8Array>();
    save(state, parts);
    const again = load(stateOf(), parts);
    origins.forEach(([offset, index, part], i) => {
      key(i);
      expect(again.has(hasher.h0, hasher.h1, hasher.h2)).toBe(true);
      expect(again.winner()).toEqual({
        topic: 'in',
        partition: i,
        offset,
        ...(index < 0 ? {} : { index }),
        ...(part === undefined ? {} : { part }),
      });
    });
  });

  it.each([
    ['a flipped bit', (bytes: Uint8Array) => bytes.with(40, bytes[40]! ^ 1), 'bad-part'],
    ['a cut end', (bytes: Uint8Array) => bytes.slice(0, -1), 'bad-part'],
    ['another format', (bytes: Uint8Array) => bytes.with(4, 9), 'part-version'],
    ['other bytes', () => new Uint8Array(3), 'bad-part'],
  ])('refuses a part with %s', (_, damage, code) => {
    const state = stateOf();
    feed(state, 0, 10);
    const entries = state.checkpoint().put.find((part) => part.name.startsWith('entries'))!;
    expect(() => stateOf().restore({ name: entries.name, bytes: damage(entries.bytes) })).toThrow(
      expect.objectContaining({ code }),
    );
  });

  it('refuses the state of another window', () => {
    const state = stateOf();
    const meta = state.checkpoint().put[0]!;
    expect(() => stateOf({ kind: 'all' }).restore(meta)).toThrow(expect.objectContaining({ code: 'state-window' }));
  });

  it('gives memory back while a part of the keys lives on, and keeps those with who won them', () => {
    const state = stateOf({ kind: 'time', seconds: 100 });
    const hasher = new KeyHasher(state.seed);
    const see = (i: number, ms: number): boolean => {
      state.tick(ms);
      hasher.begin();
      hasher.value(`k${i}`);
      hasher.end();
      return state.has(hasher.h0, hasher.h1, hasher.h2);
    };
    for (let i = 0; i < 150_000; i++) {
      expect(see(i, i)).toBe(false);
      state.claim(recordOf({}, i));
      if (i % 5000 === 0) state.checkpoint();
    }
    state.checkpoint();
    const before = state.byteLength;
    // one in ten is seen again at 160 s, when what came before 60 s is over; at 255 s all the others are over
    for (let i = 70_000; i < 150_000; i += 10) if (see(i, 160_000)) state.refresh();
    state.tick(255_000);
    for (let i = 0; i < 1100; i++) state.tidy(4096);
    expect(state.byteLength).toBeLessThan(before / 2);
    let wrong = 0;
    for (let i = 70_000; i < 150_000; i++)
      if (see(i, 255_000) !== (i % 10 === 0) || (i % 10 === 0 && state.winner()?.offset !== i)) wrong++;
    expect(wrong).toBe(0);
  });

  it('holds little more than the keys that live when a few of each time are kept alive for good', () => {
    const state = stateOf({ kind: 'time', seconds: 100 });
    const hasher = new KeyHasher(state.seed);
    const see = (i: number, ms: number): boolean => {
      state.tick(ms);
      hasher.begin();
      hasher.value(i);
      hasher.end();
      return state.has(hasher.h0, hasher.h1, hasher.h2);
    };
    const parts = new Map<string, Uint8Array>();
    let lost = 0;
    for (let second = 0; second < 600; second++) {
      for (let i = second * 1000; i < (second + 1) * 1000; i++) {
        if (see(i, second * 1000)) lost++;
        else state.claim(recordOf({}, i));
      }
      for (let i = (second % 50) * 1000; i < second * 1000; i += 50_000)
        for (let k = i; k < i + 1000; k += 50)
          if (see(k, second * 1000)) state.refresh();
          else lost++;
      state.tidy(1000);
      if (second % 10 === 0) save(state, parts);
    }
    expect(lost).toBe(0);
    expect(state.stamps.live).toBeGreaterThan(100_000);
    expect(state.byteLength / state.stamps.live).toBeLessThan(60);
    const again = load(stateOf({ kind: 'time', seconds: 100 }), parts);
    expect(again.byteLength / state.stamps.live).toBeLessThan(45);
    for (let k = 0; k < 500_000; k += 50) {
      expect(see(k, 600_000)).toBe(true);
      expect(state.winner()?.offset).toBe(k);
    }
  });

  it('says what its next checkpoint writes of new keys, and nothing while that is too little for a part of its own', () => {
    const state = stateOf();
    const parts = new Map<string, Uint8Array>();
    feed(state, 0, 1000);
    expect(state.pendingBytes).toBe(24_000);
    expect(save(state, parts)).toBeGreaterThan(24_000);
    expect(state.pendingBytes).toBe(0);
    feed(state, 1000, 1024); // of 1000 live ones less than a fortieth
    expect(state.pendingBytes).toBe(0);
    feed(state, 1024, 1026);
    expect(state.pendingBytes).toBe(624);
    expect(load(stateOf(), parts).pendingBytes).toBe(0);
  });

  it('keeps as few parts when a checkpoint is taken whenever it says that there is something to write', () => {
    const state = stateOf();
    const parts = new Map<string, Uint8Array>();
    let written = 0;
    for (let from = 0; from < 600_000; from += 256) {
      feed(state, from, from + 256);
      if (state.pendingBytes >= 48_000) written += save(state, parts);
      expect(parts.size).toBeLessThanOrEqual(66);
    }
    expect(written / (600_000 * 24)).toBeLessThan(3);
  });

  it('is the same pre-sized as grown', () => {
    const sized = stateOf(DAY, { expectedKeys: 50_000 });
    const grown = stateOf(DAY);
    for (const state of [sized, grown]) {
      expect(feed(state, 0, 50_000)).toBe(0);
      expect(feed(state, 0, 50_000)).toBe(50_000);
    }
    expect(sized.byteLength).toBeLessThan(grown.byteLength * 1.05);
  });
});

function saveFresh(state: DedupState): Map<string, Uint8Array> {
  const parts = new Map<string, Uint8Array>();
  for (const part of state.checkpoint().put) parts.set(part.name, part.bytes);
  return parts;
}
