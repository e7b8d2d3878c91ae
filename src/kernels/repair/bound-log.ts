import type { Out } from '../../core/operator.ts';

/**
 * What was forgotten because a bound was reached. Events come at the 1st, 2nd, 4th, 8th … entry of a bound, so that an
 * endless input does not make an endless stream of them; each says how many since the last.
 */
export class BoundLog {
  private counts: Record<string, number> = {};

  add(bound: string, entries: number, out: Out): void {
    if (entries <= 0) return;
    const before = this.counts[bound] ?? 0;
    const after = before + entries;
    this.counts[bound] = after;
    if (before > 0 && Math.floor(Math.log2(after)) === Math.floor(Math.log2(before))) return;
    const reported = before === 0 ? 0 : 2 ** Math.floor(Math.log2(before));
    out.event('state.evicted', { entries: after - reported, bound });
  }

  save(): Readonly<Record<string, number>> {
    return { ...this.counts };
  }

  restore(counts: Readonly<Record<string, number>>): void {
    this.counts = { ...counts };
  }
}
