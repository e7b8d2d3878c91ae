import { medianOf } from '../sketch/median.ts';
import type { ClaimEntry } from './claim-entry.ts';

/** Ratios of a source to the others kept for each attribute; a factor is believed from 10 on. */
const RATIOS = 31;
const MIN_RATIOS = 10;
/** A source is off by a unit when its ratio is beyond e^±0.4 and as steady as this. */
const MIN_LOG_RATIO = 0.4;
const MAX_LOG_SPREAD = 0.05;
/** Loss a source starts with, in claims of an average one. */
const START_LOSS = 1;
/** Two sources that give the same wrong number this often, over so many shared errors, are one. */
const MIN_SHARED_ERRORS = 30;
const COPY_RATIO = 0.9;
/** Sources compared in pairs; beyond, nothing is said about copying. */
const MAX_PAIRED = 64;

export interface NumberSource {
  loss: number;
  claims: number;
  weight: number;
  /** log of the factor to the common unit: 0 until one is learned. */
  factor: number;
  /** The first source of the group it counts once with; itself when it stands alone. */
  group: number;
  ratios: number[];
  next: number;
}

/** Errors two sources share, and how many of them are the same number: `[a, b, shared, same]`, a < b. */
type Pair = [a: number, b: number, shared: number, same: number];

/**
 * What is known of the sources of one attribute: loss, unit, and who repeats whom.
 *
 * Idea: a source whose ratio to the others is steady and far from 1 speaks another unit; it weighs -ln of its share of
 * the total loss; sources that agree on their errors count once.
 * State: 36 doubles a source, 2 a pair. Cost: claims² of an entry to count.
 *
 * Source: Li et al. 2014 (CRH weights); Dong, Berti-Équille & Srivastava 2009 (shared errors as evidence of copying).
 */
export class NumberSources {
  readonly list: NumberSource[] = [];
  /** Changed since the last refresh, and since the last checkpoint. */
  stale = true;
  dirty = true;
  private readonly pairs = new Map<number, Pair>();

  reserve(sources: number): void {
    while (this.list.length < sources)
      this.list.push({
        loss: 0,
        claims: 0,
        weight: 1,
        factor: 0,
        group: this.list.length,
        ratios: [],
        next: 0,
      });
  }

  /** Puts the losses of an entry in (1) or takes them out (-1); -1 stands for a claim that is no number. */
  count(entry: ClaimEntry, losses: Float64Array, sign: 1 | -1): void {
    const { sources, codes } = entry;
    this.stale = true;
    this.dirty = true;
    for (let x = 0; x < entry.counted; x++) {
      if (losses[x]! < 0) continue;
      const own = this.list[sources[x]!]!;
      own.loss += sign * losses[x]!;
      own.claims += sign;
      if (losses[x] === 0 || sources[x]! >= MAX_PAIRED) continue;
      for (let y = 0; y < x; y++)
        if (losses[y]! > 0 && sources[y]! < MAX_PAIRED)
          this.pair(sources[x]!, sources[y]!, codes[x] === codes[y], sign);
    }
  }

  /** Ratio of each raw claim to what was concluded: the newest 31 a source. */
  learnUnits(entry: ClaimEntry): void {
    const value = entry.result?.value;
    if (typeof value !== 'number' || value === 0) return;
    for (let at = 0; at < entry.n; at++) {
      const claimed = entry.values[entry.codes[at]!];
      const ratio = typeof claimed === 'number' ? Math.log(claimed / value) : Number.NaN;
      if (!Number.isFinite(ratio)) continue;
      const own = this.list[entry.sources[at]!]!;
      own.ratios[own.next] = ratio;
      own.next = (own.next + 1) % RATIOS;
    }
  }

  refresh(): void {
    if (!this.stale) return;
    this.stale = false;
    this.dirty = true;
    let total = 0;
    for (const own of this.list) if (own.claims > 0) total += meanLoss(own);
    for (const [s, own] of this.list.entries()) {
      own.weight = own.claims > 0 && total > 0 ? Math.max(1e-3, -Math.log(meanLoss(own) / total)) : 1;
      own.factor = unitOf(own.ratios);
      own.group = s;
    }
    for (const [a, b, shared, same] of this.pairs.values()) {
      if (shared < MIN_SHARED_ERRORS || same < COPY_RATIO * shared) continue;
      const [from, to] = [this.list[a]!.group, this.list[b]!.group].sort((x, y) => x - y);
      for (const own of this.list) if (own.group === to) own.group = from!;
    }
  }

  /** The source of the same group whose errors it shares most. */
  copiesFrom(source: number): { readonly source: number; readonly probability: number } | undefined {
    const own = this.list[source];
    let best: { source: number; probability: number } | undefined;
    for (const [a, b, shared, same] of this.pairs.values()) {
      if (a !== source && b !== source) continue;
      const other = a === source ? b : a;
      if (own === undefined || this.list[other]!.group !== own.group || shared === 0) continue;
      if (best === undefined || same / shared > best.probability) best = { source: other, probability: same / shared };
    }
    return best;
  }

  save(): unknown {
    return { list: this.list, pairs: [...this.pairs.values()] };
  }

  load(state: unknown): void {
    const { list, pairs } = state as { list: NumberSource[]; pairs: Pair[] }; // written by save()
    this.list.push(...list);
    for (const pair of pairs) this.pairs.set(pair[0] * MAX_PAIRED + pair[1], pair);
    this.dirty = false;
  }

  bytes(): number {
    return this.list.length * 36 * 8 + this.pairs.size * 64;
  }

  private pair(x: number, y: number, same: boolean, sign: 1 | -1): void {
    const a = Math.min(x, y);
    const b = Math.max(x, y);
    const at = a * MAX_PAIRED + b;
    let pair = this.pairs.get(at);
    if (pair === undefined) {
      pair = [a, b, 0, 0];
      this.pairs.set(at, pair);
    }
    pair[2] += sign;
    if (same) pair[3] += sign;
  }
}

/** Log of a steady factor far from 1, else 0. */
function unitOf(ratios: readonly number[]): number {
  if (ratios.length < MIN_RATIOS) return 0;
  const middle = medianOf(ratios);
  if (Math.abs(middle) < MIN_LOG_RATIO) return 0;
  return medianOf(ratios.map((ratio) => Math.abs(ratio - middle))) <= MAX_LOG_SPREAD ? middle : 0;
}

function meanLoss(own: NumberSource): number {
  return (Math.max(0, own.loss) + START_LOSS) / (own.claims + START_LOSS);
}
