import { FATES, type Fate } from '../core/record.ts';

/** What a frame did, counted per batch; added up by the task and published after the commit. */
export class FrameCounts {
  in = 0;
  /** By index into FATES; a re-fated record counts down where it was. */
  readonly fates = new Float64Array(FATES.length);
  /** By global port index of the compiled stage. */
  readonly ports: Float64Array;
  /** `step rule severity` joined by NUL. */
  readonly findings = new Map<string, number>();
  /** `step method` joined by NUL. */
  readonly changes = new Map<string, number>();
  /** `step type` joined by NUL. */
  readonly events = new Map<string, number>();

  constructor(portCount: number) {
    this.ports = new Float64Array(portCount);
  }

  fate(fate: Fate): number {
    return this.fates[FATES.indexOf(fate)] ?? 0;
  }
}

export function add(counts: Map<string, number>, key: string, n = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + n);
}
