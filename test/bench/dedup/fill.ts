// Fills one store with keys and looks them all up again. Arguments: store, number of keys, seed.
import { mix32 } from '../../../src/core/hash.ts';
import { DataRecord } from '../../../src/core/record.ts';
import { DedupState } from '../../../src/kernels/dedup/dedup-state.ts';
import { KeyHasher } from '../../../src/kernels/hash/key-hasher.ts';

const [store = 'grown', count = '1000000', seedText = '7'] = process.argv.slice(2);
const records = Number(count);
const seed = Number(seedText);
const BATCH = 500;
const BATCHES = 40;
const BLOCK = 64; // as the kernel of the operator does
const CHECKPOINT_EVERY = 200_000;

/** Flat strings, as a JSON decoder makes them; 36 characters like a UUID. */
function keysFrom(from: number): string[] {
  const list: string[] = [];
  for (let i = from; i < from + BATCH; i++) {
    const a = mix32(i ^ seed)
      .toString(16)
      .padStart(8, '0');
    const b = mix32(Math.imul(i, 31) + seed)
      .toString(16)
      .padStart(8, '0');
    list.push(`${a}-${b.slice(0, 4)}-4${b.slice(5)}-9abc-${i.toString(16).padStart(12, '0')}`);
  }
  return JSON.parse(JSON.stringify(list));
}

interface Store {
  /** How many of the keys were known. */
  see(keys: readonly string[], offset: number): number;
  checkpoint(): number;
  bytes(): number;
  parts(): number;
}

function tableStore(expectedKeys: number): Store {
  const window = { kind: 'time', seconds: 365 * 86_400 } as const;
  const state = new DedupState({ window, maxKeys: 1e9, expectedKeys, seed: Uint32Array.of(seed, 2, 3, 4) });
  const hasher = new KeyHasher(state.seed);
  const codec = { name: 'json', decode: () => null, encode: () => null };
  const record = new DataRecord({ source: { topic: 'in', partition: 0 }, offset: 0, payload: null, codec });
  const movable = record as { offset: number }; // one record stands for all: its making is not what is measured
  const lanes = new Int32Array(3 * BLOCK);
  const seeBlock = (keys: readonly string[], from: number, offset: number): number => {
    const count = Math.min(BLOCK, keys.length - from);
    for (let i = 0; i < count; i++) {
      hasher.begin();
      hasher.value(keys[from + i]);
      hasher.end();
      lanes[3 * i] = hasher.h0;
      lanes[3 * i + 1] = hasher.h1;
      lanes[3 * i + 2] = hasher.h2;
    }
    state.prefetch(lanes, count);
    let known = 0;
    for (let i = 0; i < count; i++) {
      movable.offset = offset + from + i;
      state.tick(1e12 + offset);
      if (state.has(lanes[3 * i]!, lanes[3 * i + 1]!, lanes[3 * i + 2]!)) known++;
      else state.claim(record);
    }
    return known;
  };
  return {
    see(keys, offset) {
      let known = 0;
      for (let from = 0; from < keys.length; from += BLOCK) known += seeBlock(keys, from, offset);
      state.tidy(keys.length);
      return known;
    },
    checkpoint: () => state.checkpoint().put.reduce((sum, part) => sum + part.bytes.length, 0),
    bytes: () => state.byteLength,
    parts: () => state.liveParts,
  };
}

function setStore(): Store {
  const set = new Set<string>();
  const see = (keys: readonly string[]): number => {
    let known = 0;
    for (const key of keys) {
      if (set.has(key)) known++;
      else set.add(key);
    }
    return known;
  };
  return { ...plain, see };
}

function mapStore(): Store {
  const map = new Map<string, number>();
  const see = (keys: readonly string[], offset: number): number => {
    let known = 0;
    for (let i = 0; i < keys.length; i++) {
      if (map.has(keys[i]!)) known++;
      else map.set(keys[i]!, offset + i);
    }
    return known;
  };
  return { ...plain, see };
}

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const heapBefore = heapUsed();
const plain = {
  checkpoint: () => 0,
  bytes: () => heapUsed() - heapBefore,
  parts: () => 0,
};

const made =
  store === 'Set'
    ? setStore()
    : store === 'Map with origin'
      ? mapStore()
      : tableStore(store === 'pre-sized' ? records : 0);

function pass(expected: boolean): { ns: number; longestBatchMs: number; longestCheckpointMs: number; written: number } {
  let cpu = 0;
  let longestBatchMs = 0;
  let longestCheckpointMs = 0;
  let written = 0;
  for (let at = 0; at < records; at += BATCH * BATCHES) {
    const batches: string[][] = [];
    for (let from = at; from < Math.min(records, at + BATCH * BATCHES); from += BATCH) batches.push(keysFrom(from));
    const before = process.cpuUsage(); // 10 µs a call: once for many batches
    batches.forEach((keys, k) => {
      const from = at + k * BATCH;
      const started = performance.now();
      if (made.see(keys, from) !== (expected ? BATCH : 0)) throw new Error(`wrong answer at ${from}`);
      const between = performance.now();
      if (from > 50_000) longestBatchMs = Math.max(longestBatchMs, between - started);
      if (from % CHECKPOINT_EVERY !== 0 || expected) return;
      written += made.checkpoint();
      longestCheckpointMs = Math.max(longestCheckpointMs, performance.now() - between);
    });
    const { user, system } = process.cpuUsage(before);
    cpu += user + system;
  }
  return { ns: (cpu * 1000) / records, longestBatchMs, longestCheckpointMs, written };
}

const fresh = pass(false);
const bytesPerKey = made.bytes() / records;
const known = pass(true);
console.log(
  JSON.stringify({
    insertNs: fresh.ns,
    hitNs: known.ns,
    bytesPerKey,
    longestBatchMs: fresh.longestBatchMs,
    longestCheckpointMs: fresh.longestCheckpointMs,
    checkpointBytesPerKey: fresh.written / records,
    parts: made.parts(),
  }),
);
