import { StateError } from '../core/errors.ts';
import type { Counts } from '../core/observer.ts';
import { FATES } from '../core/record.ts';
import { add, type FrameCounts } from '../topology/frame-counts.ts';

export function emptyCounts(): Counts {
  return {
    in: 0,
    fates: new Map(),
    ports: new Map(),
    findings: new Map(),
    changes: new Map(),
    events: new Map(),
    written: new Map(),
  };
}

const MAPS = ['fates', 'ports', 'findings', 'changes', 'events', 'written'] as const;

export function addFrame(counts: Counts, frame: FrameCounts, portNames: readonly (readonly [string, string])[]): void {
  counts.in += frame.in;
  for (let i = 0; i < FATES.length; i++) {
    const n = frame.fates[i] ?? 0;
    if (n !== 0) add(counts.fates, FATES[i] ?? '', n);
  }
  for (let i = 0; i < portNames.length; i++) {
    const n = frame.ports[i] ?? 0;
    if (n !== 0) add(counts.ports, (portNames[i] ?? []).join('\0'), n);
  }
  for (const [key, n] of frame.findings) add(counts.findings, key, n);
  for (const [key, n] of frame.changes) add(counts.changes, key, n);
  for (const [key, n] of frame.events) add(counts.events, key, n);
}

export function addCounts(into: Counts, from: Counts): void {
  into.in += from.in;
  for (const name of MAPS) for (const [key, n] of from[name]) add(into[name], key, n);
}

/** Input records equal the sum of their fates: what must hold at every commit. */
export function isConserved(counts: Counts): boolean {
  let sum = 0;
  for (const n of counts.fates.values()) sum += n;
  return sum === counts.in;
}

export function countsToJson(counts: Counts): Record<string, unknown> {
  const json: Record<string, unknown> = { in: counts.in };
  for (const name of MAPS) json[name] = [...counts[name]];
  return json;
}

export function countsFromJson(json: unknown): Counts {
  const counts = emptyCounts();
  const saved = json as Record<string, unknown>; // checked field by field below
  if (typeof saved?.in !== 'number')
    throw new StateError('the counters in the checkpoint are damaged', { code: 'counters' });
  counts.in = saved.in;
  for (const name of MAPS) for (const [key, n] of (saved[name] ?? []) as [string, number][]) counts[name].set(key, n); // as countsToJson wrote it
  return counts;
}
