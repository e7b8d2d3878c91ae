import type { Cell } from './cell.ts';
import { type StoredTop, TopValues } from './top-values.ts';

/** A released cell that is not settled: what left, of which record. */
export interface Doubt {
  readonly origin: unknown;
  readonly key: string | null;
  readonly value: Cell;
}

/** The records of one left side. */
export interface Group {
  records: number;
  /** The left side as first met: one cell, undefined for several. */
  readonly left: Cell | undefined;
  /** By column. */
  readonly tops: (TopValues | undefined)[];
  /** By column: cells that left before the group was clear. */
  readonly doubts: (Doubt[] | undefined)[];
}

type StoredGroup = readonly [
  records: number,
  left: Cell | null,
  tops: readonly (StoredTop | 0)[],
  doubts: readonly (readonly Doubt[] | 0)[],
];

/** Rough sizes in memory, bytes; a top counts the places it is at home in. */
const GROUP_BYTES = 240;
const TOP_BYTES = 300;
const DOUBT_BYTES = 200;

/** How a group lies in a checkpoint, and what it takes. */
export const GROUP_SHAPE = { save: saveGroup, load: loadGroup, size: sizeOf };

function saveGroup(group: Group): StoredGroup {
  return [
    group.records,
    group.left ?? null,
    Array.from(group.tops, (top) => top?.save() ?? 0),
    Array.from(group.doubts, (doubts) => doubts?.slice() ?? 0),
  ];
}

function loadGroup([records, left, tops, doubts]: StoredGroup): Group {
  return {
    records,
    left: left ?? undefined,
    tops: tops.map((top) => (top === 0 ? undefined : TopValues.restore(top))),
    doubts: doubts.map((list) => (list === 0 ? undefined : list.slice())),
  };
}

function sizeOf(group: Group): number {
  let bytes = GROUP_BYTES + textBytes(group.left);
  for (const top of group.tops) {
    if (top === undefined) continue;
    bytes += TOP_BYTES;
    for (const value of top.values) bytes += textBytes(value);
  }
  for (const doubts of group.doubts) bytes += (doubts?.length ?? 0) * DOUBT_BYTES;
  return bytes;
}

function textBytes(cell: Cell | undefined): number {
  return typeof cell === 'string' ? 16 + cell.length : 8;
}
