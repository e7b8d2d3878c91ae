import type { Column } from './column.ts';
import { benjaminiHochberg, Lord, simes } from './false-discoveries.ts';
import type { Segment } from './segments.ts';
import type { WindowEvidence } from './window-evidence.ts';

export interface DiscoveryOptions {
  /** Expected share of wrong alarms among all alarms. */
  readonly rate: number;
  /** Records of a segment that are tested together. */
  readonly everyRecords: number;
}

/**
 * Tests windows of all columns of a segment together, and all windows that ever come.
 *
 * Idea: the columns of a window are one hypothesis, that none has drifted, tested by Simes at a level that LORD gives; where it
 * falls, Benjamini-Hochberg at that level says which columns. So the share of wrong windows among those told stays at
 * most `rate`, and that of wrong columns in one likewise. A column in drift is not tested.
 * State: a count a segment and LORD's three numbers.
 */
export class Discoveries {
  private readonly options: DiscoveryOptions;
  private readonly lord: Lord;
  private readonly seen = new Map<string, number>();

  constructor(options: DiscoveryOptions) {
    this.options = options;
    this.lord = new Lord(options.rate);
  }

  /** One more record of a segment, which its columns have seen. */
  add({ key, columns }: Segment): void {
    const seen = (this.seen.get(key) ?? 0) + 1;
    this.seen.set(key, seen % this.options.everyRecords);
    if (seen === this.options.everyRecords) this.test(columns);
  }

  save(): unknown {
    return { lord: this.lord.save(), seen: [...this.seen] };
  }

  load(saved: unknown): void {
    const { lord, seen } = saved as { lord: readonly number[]; seen: readonly (readonly [string, number])[] }; // written by save()
    this.lord.load(lord);
    for (const [key, count] of seen) this.seen.set(key, count);
  }

  private test(columns: readonly Column[]): void {
    const tested: { readonly column: Column; readonly evidence: WindowEvidence; readonly p: number }[] = [];
    for (const column of columns) {
      const evidence = column.takeWindow();
      // without an effect there is nothing to tell of, whatever the evidence
      if (evidence !== undefined) tested.push({ column, evidence, p: evidence.facts === undefined ? 1 : evidence.p });
    }
    if (tested.length === 0) return;
    const ps = tested.map(({ p }) => p);
    const { level } = this.lord;
    if (!this.lord.test(simes(ps))) return;
    for (const [i, isFound] of benjaminiHochberg(ps, level).entries())
      if (isFound) tested[i]!.column.discover(tested[i]!.evidence, level);
  }
}
