import type { Batch, OutgoingBatch } from '../core/broker.ts';
import type { Tick } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';
import { FrameCounts } from './frame-counts.ts';

/**
 * The records of one slot, in order. `causes[i]` is the index of the root record of the frame that caused record i
 * (for a held record that leaves: the record whose time released it); it never falls.
 */
export class Edge {
  readonly records: DataRecord[] = [];
  readonly causes: number[] = [];

  push(record: DataRecord, cause: number): void {
    this.records.push(record);
    this.causes.push(cause);
  }
}

export const EMPTY_EDGE: Edge = new Edge();

/** A quality event before it gets its envelope. */
export interface FrameEvent {
  readonly step: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly cause: number;
  /** Nth event of this step for this cause: part of its id. */
  readonly ordinal: number;
}

/** A record the runtime itself sends to quarantine: undecodable, or an operator threw on it. */
export interface Rejected {
  readonly record: DataRecord;
  readonly cause: number;
  readonly step: string;
}

/**
 * The element of the Rx pipe: one batch (or one tick) with a slot for every edge of the stage. A step reads the slots of
 * its inputs and fills those of its ports; slots nobody filled are absent.
 */
export class Frame {
  readonly batch: Batch | undefined;
  readonly tick: Tick | undefined;
  /** Position of the task at a tick. */
  readonly position: number;
  /** Input records, in order: what causes are indexes into. */
  readonly roots: readonly DataRecord[];
  readonly edges: (Edge | undefined)[];
  readonly events: FrameEvent[] = [];
  readonly rejected: Rejected[] = [];
  /** Records without a value: they pass every step untouched. */
  readonly tombstones: Edge = new Edge();
  readonly counts: FrameCounts;
  /** What the sinks of the stage write, encoded. */
  readonly outgoing: OutgoingBatch[] = [];
  /** An operator threw: its effects are committed together with a checkpoint. */
  threw = false;

  constructor(options: {
    batch?: Batch;
    tick?: Tick;
    position?: number;
    roots: readonly DataRecord[];
    edgeCount: number;
    portCount: number;
  }) {
    this.batch = options.batch;
    this.tick = options.tick;
    this.position = options.position ?? -1;
    this.roots = options.roots;
    this.edges = new Array<Edge | undefined>(options.edgeCount).fill(undefined);
    this.counts = new FrameCounts(options.portCount);
  }

  edge(id: number): Edge {
    const known = this.edges[id];
    if (known !== undefined) return known;
    const made = new Edge();
    this.edges[id] = made;
    return made;
  }
}

/** Several edges as one: by cause, then by the order of the list, then by order of emission. A single edge is given as it is. */
export function mergeEdges(frame: Frame, ids: readonly number[]): Edge {
  if (ids.length === 1) return frame.edges[ids[0] ?? 0] ?? EMPTY_EDGE;
  return mergeByCause(ids.map((id) => frame.edges[id]));
}

/** By cause, then by the order of the list, then by order of emission. */
export function mergeByCause(edges: readonly (Edge | undefined)[]): Edge {
  const filled = edges.filter((edge) => edge !== undefined && edge.records.length > 0);
  if (filled.length <= 1) return filled[0] ?? EMPTY_EDGE;
  const merged = new Edge();
  const at = new Array<number>(filled.length).fill(0);
  for (;;) {
    let best = -1;
    let bestCause = Number.POSITIVE_INFINITY;
    for (let i = 0; i < filled.length; i++) {
      const cause = filled[i]?.causes[at[i] ?? 0] ?? Number.POSITIVE_INFINITY;
      if (cause < bestCause) {
        best = i;
        bestCause = cause;
      }
    }
    const edge = filled[best];
    if (edge === undefined) return merged;
    const index = at[best] ?? 0;
    merged.push(edge.records[index] as DataRecord, bestCause); // its cause was just read at this index
    at[best] = index + 1;
  }
}
