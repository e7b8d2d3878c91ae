import { expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import { Clusters } from '../../../src/kernels/near/clusters.ts';
import type { Matches, NearEntry } from '../../../src/kernels/near/near-index.ts';

const THRESHOLD = 0.5;

type Alike = (a: NearEntry, b: NearEntry) => number;

function clustersOf(alike: Alike, mayMove = true): Clusters {
  return new Clusters({
    threshold: THRESHOLD,
    mayMove,
    alike: (entry, others) => Float64Array.from(others, (other) => alike(entry, other)),
    changed: () => {},
  });
}

function entryOf(seq: number, side?: string): NearEntry {
  const entry: Partial<NearEntry> = { seq, side, cluster: `c${seq}`, sampled: false };
  return entry as NearEntry; // all that clusters read
}

function matchesOf(entry: NearEntry, others: readonly NearEntry[], alike: Alike): Matches {
  const met = others.map((other) => ({ entry: other, score: alike(entry, other) })).filter(({ score }) => score > 0);
  const near = met.filter(({ score }) => score >= THRESHOLD);
  near.sort((a, b) => b.score - a.score || a.entry.seq - b.entry.seq);
  return { near, rest: () => met.filter(({ score }) => score < THRESHOLD) };
}

/** Places entries that are as alike as the table says; gives them and what was said of the last. */
function place(alike: Alike, count: number, mayMove = true) {
  const clusters = clustersOf(alike, mayMove);
  const entries: NearEntry[] = [];
  let last: ReturnType<Clusters['place']> | undefined;
  for (let seq = 0; seq < count; seq++) {
    const entry = entryOf(seq);
    last = clusters.place(entry, matchesOf(entry, entries, alike));
    entries.push(entry);
  }
  return { names: entries.map(({ cluster }) => cluster), last: last!, entries, clusters };
}

/** Likeness by pair of numbers, 0 where nothing is said. */
const table =
  (pairs: Readonly<Record<string, number>>): Alike =>
  (a, b) =>
    a.seq === b.seq ? 1 : (pairs[`${Math.min(a.seq, b.seq)} ${Math.max(a.seq, b.seq)}`] ?? 0);

it('a record that belongs to two clusters makes them one when their members are alike on average', () => {
  // 0 1 2 and 3 4 are clusters; 5 is met by 0, 3 and 4 alone, and makes them (3.0 + 1.6) / 9 alike
  const inside = { '0 1': 0.9, '0 2': 0.9, '1 2': 0.9, '3 4': 0.9 };
  const across = { '0 3': 0.6, '0 4': 0.6, '1 3': 0.4, '1 4': 0.4, '2 3': 0.5, '2 4': 0.5 };
  const newest = { '0 5': 0.7, '3 5': 0.8, '4 5': 0.8 };
  const shown = table({ ...inside, ...newest });
  const known = table({ ...inside, ...across, ...newest, '1 5': 0.5, '2 5': 0.4 });
  const clusters = clustersOf(known);
  const entries: NearEntry[] = [];
  for (let seq = 0; seq < 6; seq++) {
    const entry = entryOf(seq);
    const { union, move } = clusters.place(entry, matchesOf(entry, entries, shown));
    entries.push(entry);
    expect(move).toBeUndefined();
    if (seq < 5) expect(union).toBeUndefined();
    else expect(union).toEqual({ cluster: 'c0', from: 'c3', records: 3, score: expect.closeTo(4.6 / 9, 12) });
  }
  expect(new Set(entries.map(({ cluster }) => cluster))).toEqual(new Set(['c0']));
});

it('one accidental likeness does not chain two clusters', () => {
  const { names, last } = place(
    table({ '0 1': 0.9, '2 3': 0.9, '1 2': 0.3, '0 4': 0.6, '1 4': 0.6, '2 4': 0.6, '3 4': 0.55 }),
    5,
  );
  expect(last.union).toBeUndefined();
  expect(names).toEqual(['c0', 'c0', 'c2', 'c2', 'c0']);
});

it('the smaller cluster takes the name of the larger, the younger that of the older', () => {
  // 0 is older, and alone; 1 and 2 are one; 3 belongs to both
  const union = (pairs: Readonly<Record<string, number>>) => {
    const clusters = clustersOf(table(pairs));
    const entries = [entryOf(0), { ...entryOf(1), sampled: true }, { ...entryOf(2), cluster: 'c1', sampled: true }];
    clusters.restore(entries);
    const entry = entryOf(3);
    const found = clusters.place(entry, matchesOf(entry, entries, table(pairs))).union;
    return [found?.cluster, found?.from, found?.records, ...[...entries, entry].map(({ cluster }) => cluster)];
  };
  const pairs = { '0 1': 0.6, '0 2': 0.6, '1 2': 0.9, '1 3': 0.8, '2 3': 0.8 };
  expect(union({ ...pairs, '0 3': 0.7 })).toEqual(['c1', 'c0', 1, 'c1', 'c1', 'c1', 'c1']);
  expect(union({ ...pairs, '0 3': 0.9 })).toEqual(['c0', 'c1', 2, 'c0', 'c0', 'c0', 'c0']);
});

it('the nearest record comes over when it is more like the newcomer than its own cluster, and only if it may', () => {
  const pairs = table({ '0 1': 0.55, '0 2': 0.9, '1 2': 0.55, '0 3': 0.1, '1 3': 0.9, '2 3': 0.1 });
  const moved = place(pairs, 4);
  expect(moved.last.move).toEqual({ entry: moved.entries[1], from: 'c0', score: 0.9 });
  expect(moved.names).toEqual(['c0', 'c3', 'c0', 'c3']);
  const stayed = place(pairs, 4, false);
  expect(stayed.last.move).toBeUndefined();
  expect(stayed.names).toEqual(['c0', 'c0', 'c0', 'c3']);
});

it('the nearest record stays where the others are more like it; itself is none of the others', () => {
  const stays = place(table({ '0 1': 0.9, '1 2': 0.6, '0 2': 0.1 }), 3);
  expect([stays.last.move, stays.names]).toEqual([undefined, ['c0', 'c0', 'c2']]);
  const comes = place(table({ '0 1': 0.7, '1 2': 0.8, '0 2': 0.1 }), 3);
  expect(comes.names).toEqual(['c0', 'c2', 'c2']);
});

it('records of one list are not compared: two of them are one when both are like a record of the other', () => {
  const alike: Alike = (a, b) => (a.side === b.side ? 0 : 0.8);
  const clusters = clustersOf(alike, false);
  const [a, b, c] = [entryOf(0, 'x'), entryOf(1, 'x'), entryOf(2, 'y')] as const;
  clusters.place(a, { near: [], rest: () => [] });
  clusters.place(b, { near: [], rest: () => [] });
  expect(clusters.place(c, matchesOf(c, [a, b], alike)).union).toEqual({
    cluster: 'c0',
    from: 'c1',
    records: 1,
    score: 0.8,
  });
});

it('compares at most eight with eight and the nearest with eight twice, however large the clusters', () => {
  let pairs = 0;
  const alike: Alike = () => {
    pairs++;
    return 0.4;
  };
  // three families; from 100 on every record seems to belong to all of them
  const seems: Alike = (a, b) => (a.seq % 3 === b.seq % 3 ? 0.6 : a.seq < 100 ? 0.4 : 0.55);
  const clusters = clustersOf(alike);
  const entries: NearEntry[] = [];
  const costs: number[] = [];
  for (let seq = 0; seq < 400; seq++) {
    const entry = entryOf(seq);
    pairs = 0;
    clusters.place(entry, matchesOf(entry, entries.slice(-40), seems));
    entries.push(entry);
    costs.push(pairs);
  }
  expect(new Set(entries.map(({ cluster }) => cluster)).size).toBe(3);
  expect(Math.max(...costs)).toBeGreaterThanOrEqual(8 * 8);
  expect(Math.max(...costs)).toBeLessThanOrEqual(8 * 8 + 2 * 8);
});

it('goes on after a restore as if nothing had happened, whoever leaves', () => {
  // twelve things, three to a family; likeness is noise around what is the same
  const alike: Alike = (a, b) => {
    const [x, y] = [a.seq % 12, b.seq % 12];
    const base = x === y ? 0.62 : Math.floor(x / 3) === Math.floor(y / 3) ? 0.42 : 0.1;
    return base + 0.5 * (uniform(Math.min(a.seq, b.seq), Math.max(a.seq, b.seq)) - 0.5);
  };
  const run = (restartAt: (step: number) => boolean): readonly string[] => {
    const said: string[] = [];
    let entries: NearEntry[] = [];
    const fresh = () => clustersOf(alike);
    let clusters = fresh();
    for (let seq = 0; seq < 600; seq++) {
      if (restartAt(seq)) {
        entries = structuredClone(entries);
        clusters = fresh();
        clusters.restore([...entries].sort((a, b) => uniform(7, a.seq) - uniform(7, b.seq)));
      }
      const entry = entryOf(seq);
      const near = matchesOf(
        entry,
        entries.filter((other) => uniform(3, seq, other.seq) < 0.5),
        alike,
      );
      const { union, move } = clusters.place(entry, near);
      entries.push(entry);
      if (entries.length > 120) clusters.leave(entries.shift()!);
      const names = entries.map(({ cluster }) => cluster).join(' ');
      said.push(JSON.stringify([union, move?.entry.seq, move?.from, move?.score, names]));
    }
    return said;
  };
  const calm = run(() => false);
  const happened = calm.map((line) => JSON.parse(line) as readonly unknown[]); // made above
  expect(happened.filter(([union]) => union !== null).length).toBeGreaterThan(20);
  expect(happened.filter(([, moved]) => moved !== null).length).toBeGreaterThan(20);
  expect(run((step) => step % 37 === 5)).toEqual(calm);
  expect(run((step) => uniform(9, step) < 0.3)).toEqual(calm);
});
