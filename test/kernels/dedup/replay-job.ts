import { uniform } from '../../../src/core/hash.ts';
import { DataRecord } from '../../../src/core/record.ts';
import { DedupState } from '../../../src/kernels/dedup/dedup-state.ts';
import { KeyHasher } from '../../../src/kernels/hash/key-hasher.ts';

const EVENTS_PER_SECOND = 1000;

export interface ReplayResult {
  readonly wrongDrops: number;
  readonly missed: number;
  readonly duplicates: number;
  readonly keys: number;
  readonly bytesPerKey: number;
  readonly replayDifferences: number;
  readonly maxParts: number;
  readonly parts: number;
}

/**
 * `events` seeded events, 5 % of them repeats of an event up to half a window back, so that ids arrive out of order
 * inside the window; twice the state is thrown away and rebuilt from the last checkpoint, and what follows it is read
 * again. Which events are repeats is known from how they are made, not from the state.
 */
export function replayJob(events: number, kills: readonly number[], seconds: number): ReplayResult {
  const window = { kind: 'time', seconds } as const;
  const span = (seconds / 2) * EVENTS_PER_SECOND;
  const make = () => new DedupState({ window, maxKeys: 1e9, seed: Uint32Array.of(5, 6, 7, 8) });
  const codec = { name: 'json', decode: () => null, encode: () => null };
  const record = new DataRecord({ source: { topic: 'in', partition: 0 }, offset: 0, payload: null, codec });
  let state = make();
  const parts = new Map<string, Uint8Array>();
  const answers = new Uint8Array(events);
  const seen = new Uint8Array(events);
  const result = { wrongDrops: 0, missed: 0, duplicates: 0, replayDifferences: 0, maxParts: 0 };
  const pendingKills = [...kills];
  const checkpointEvery = Math.floor(events / 90);
  let checkpointAt = 0;
  for (let i = 0; i < events; i++) {
    const hasher = new KeyHasher(state.seed);
    const end = Math.min(events, i + 500);
    for (; i < end; i++) {
      const original = originalOf(i, span);
      hasher.begin();
      hasher.value(`event-${original}`);
      hasher.end();
      state.tick((i / EVENTS_PER_SECOND) * 1000);
      const duplicate = state.has(hasher.h0, hasher.h1, hasher.h2);
      moveRecord(record, i);
      if (!duplicate) state.claim(record);
      if (seen[i] === 1 && answers[i] !== Number(duplicate)) result.replayDifferences++;
      answers[i] = Number(duplicate);
      seen[i] = 1;
    }
    i--;
    state.tidy(500);
    if (i + 1 - checkpointAt >= checkpointEvery) {
      const { put, drop } = state.checkpoint();
      for (const name of drop) parts.delete(name);
      for (const part of put) parts.set(part.name, part.bytes);
      checkpointAt = i + 1;
      result.maxParts = Math.max(result.maxParts, parts.size);
    }
    if (pendingKills.length > 0 && i + 1 >= pendingKills[0]!) {
      pendingKills.shift();
      state = make();
      for (const [name, bytes] of parts) state.restore({ name, bytes });
      i = checkpointAt - 1;
    }
  }
  for (let i = 0; i < events; i++) {
    const repeat = originalOf(i, span) !== i;
    if (repeat) result.duplicates++;
    if (answers[i] === 1 && !repeat) result.wrongDrops++;
    if (answers[i] === 0 && repeat) result.missed++;
  }
  const keys = state.stamps.live;
  return { ...result, keys, bytesPerKey: state.byteLength / keys, parts: parts.size };
}

/** The event this one repeats, or itself. A repeat of a repeat would be ambiguous: the original is never one. */
function originalOf(i: number, most: number): number {
  if (!isRepeat(i)) return i;
  const span = Math.min(i, most);
  for (let k = 0; ; k++) {
    const at = i - 1 - Math.floor(uniform(3, i, k) * span);
    if (at >= 0 && !isRepeat(at)) return at;
  }
}

function isRepeat(i: number): boolean {
  return i > 100 && uniform(2, i) < 0.05;
}

function moveRecord(record: DataRecord, offset: number): void {
  Reflect.set(record, 'offset', offset);
}
