import { softmax } from '../vote/em-rows.ts';
import { type Doubles, grown } from '../vote/model.ts';
import { type ClaimEntry, type ClaimModel, NOTHING, type Resolved } from './claim-entry.ts';
import { type CopySettings, SourcePairs } from './source-pairs.ts';

/** Accuracy a source starts with, the claims that is worth, and the range it may take. */
const START_ACCURACY = 0.7;
const START_CLAIMS = 1;
const LEAST = 0.05;
const MOST = 0.98;
const TIE = 1e-9;

export interface TruthSettings extends CopySettings {
  readonly weights: 'even' | 'accuracy';
  readonly copies: boolean;
  /** Sources whose claim wins wherever they have one, the first present first. */
  readonly priority: readonly number[];
  readonly priorityOnly: boolean;
  readonly minSupport: number;
  readonly minMargin: number;
}

/**
 * Which claimed value is true: ACCU, and with copy detection AccuCopy.
 *
 * Idea: a claim weighs ln(N A / (1 - A)) by its source's accuracy A, and counts by the probability that it was not
 * copied from one already counted. Shares go in and out with the numbers they were added with.
 * State: 2 doubles a source, and the pairs. Cost: claims² of an entry to learn; sources² at a refresh.
 *
 * Source: Dong, Berti-Équille & Srivastava 2009 (PVLDB 2:1, sections 3 and 4).
 */
export class TruthModel implements ClaimModel {
  private readonly settings: TruthSettings;
  private size = 0;
  private right: Doubles = new Float64Array(0);
  private claims: Doubles = new Float64Array(0);
  private readonly pairs: SourcePairs | undefined;
  /** 0: nothing known; 1: dependence by agreement alone, accuracies equal; 2: all from counts. */
  private informed = 0;

  constructor(settings: TruthSettings) {
    this.settings = settings;
    this.pairs = settings.copies ? new SourcePairs(settings) : undefined;
  }

  start(entry: ClaimEntry): void {
    const p = new Float64Array(entry.values.length);
    for (const code of entry.codes) p[code]! += 1 / entry.n;
    entry.p = p;
  }

  evaluate(entry: ClaimEntry): void {
    const k = entry.values.length;
    const p = new Float64Array(k);
    const counted = new Float64Array(k);
    const order = this.byAccuracy(entry);
    let copies: Float64Array | undefined;
    for (let o = 0; o < order.length; o++) {
      const at = order[o]!;
      const code = entry.codes[at]!;
      const independent = this.independence(entry, order, o);
      if (independent <= 1 - this.settings.copyRate / 2) {
        copies ??= new Float64Array(k);
        copies[code]!++;
      }
      p[code]! += independent * this.weight(entry.sources[at]!);
      counted[code]!++;
    }
    if (this.settings.weights === 'even') for (let v = 0; v < k; v++) p[v]! /= Math.max(1, entry.n);
    else {
      for (let v = 0; v < k; v++) if (counted[v] === 0) p[v] = Number.NEGATIVE_INFINITY;
      if (entry.n > 0) softmax(p);
    }
    entry.p = p;
    entry.result = this.conclude(entry, p, { counted, copies });
  }

  retract(entry: ClaimEntry): void {
    if (entry.added !== undefined) this.count(entry, entry.added, -1);
    entry.added = undefined;
    entry.counted = 0;
  }

  add(entry: ClaimEntry): void {
    entry.added = entry.p!.slice();
    entry.counted = entry.n;
    this.count(entry, entry.added, 1);
  }

  refresh(): void {
    if (this.informed < 2) this.informed++;
    this.pairs?.refresh(this.size, this.informed < 2 ? undefined : (source) => this.accuracy(source));
  }

  reserve(sources: number): void {
    this.size = Math.max(this.size, sources);
    this.pairs?.reserve(sources);
    this.right = grown(this.right, sources);
    this.claims = grown(this.claims, sources);
  }

  trust(source: number): { readonly trust: number; readonly claims: number } {
    return { trust: this.accuracy(source), claims: this.claims[source]! };
  }

  copiesFrom(source: number): { readonly source: number; readonly probability: number } | undefined {
    if (this.pairs === undefined) return undefined;
    let best = -1;
    let most = 0.5;
    for (let other = 0; other < this.size; other++) {
      const d = this.pairs.dependence(source, other);
      if (other !== source && d > most) {
        most = d;
        best = other;
      }
    }
    return best < 0 ? undefined : { source: best, probability: most };
  }

  admit(): boolean {
    return true;
  }

  changes(): { readonly name: string; readonly value: unknown }[] {
    const { size, informed } = this;
    const value = {
      informed,
      right: [...this.right.subarray(0, size)],
      claims: [...this.claims.subarray(0, size)],
      pairs: this.pairs?.save(size),
    };
    return [{ name: 'model', value }];
  }

  load(_name: string, value: unknown): void {
    const stored = value as {
      informed: number;
      right: number[];
      claims: number[];
      pairs?: ReturnType<SourcePairs['save']>;
    }; // written by changes()
    this.reserve(stored.right.length);
    this.informed = stored.informed;
    this.right.set(stored.right);
    this.claims.set(stored.claims);
    if (stored.pairs !== undefined) this.pairs?.load(stored.pairs);
  }

  bytes(): number {
    return this.right.length * 16 + (this.pairs?.bytes ?? 0);
  }

  private accuracy(source: number): number {
    if (this.informed < 2) return START_ACCURACY;
    const a = (this.right[source]! + START_ACCURACY * START_CLAIMS) / (this.claims[source]! + START_CLAIMS);
    return Math.min(MOST, Math.max(LEAST, a));
  }

  private weight(source: number): number {
    if (this.settings.weights === 'even') return 1;
    const a = this.accuracy(source);
    return Math.log((this.settings.falseValues * a) / (1 - a));
  }

  /** Claims in the order they are counted: the most accurate source first. */
  private byAccuracy(entry: ClaimEntry): number[] {
    const order = entry.sources.map((_, at) => at);
    if (!this.settings.copies) return order;
    const accuracy = entry.sources.map((source) => this.accuracy(source));
    return order.sort((a, b) => accuracy[b]! - accuracy[a]! || a - b);
  }

  private independence(entry: ClaimEntry, order: readonly number[], upTo: number): number {
    const own = entry.sources[order[upTo]!]!;
    const code = entry.codes[order[upTo]!]!;
    let product = 1;
    if (this.pairs === undefined) return product;
    for (let o = 0; o < upTo; o++) {
      if (entry.codes[order[o]!] !== code) continue;
      product *= 1 - this.settings.copyRate * this.pairs.dependence(own, entry.sources[order[o]!]!);
    }
    return product;
  }

  private conclude(
    entry: ClaimEntry,
    p: Float64Array,
    votes: { readonly counted: Float64Array; readonly copies: Float64Array | undefined },
  ): Resolved {
    const { settings } = this;
    let best = -1;
    let second = -1;
    for (let v = 0; v < p.length; v++) {
      if (votes.counted[v] === 0) continue;
      if (best < 0 || p[v]! > p[best]!) {
        second = best;
        best = v;
      } else if (second < 0 || p[v]! > p[second]!) second = v;
    }
    const first = this.preferred(entry);
    if (first >= 0 && first !== best) {
      second = best;
      best = first;
    }
    if (best < 0) return NOTHING;
    const margin = p[best]! - (second < 0 ? 0 : p[second]!);
    const support = votes.counted[best]!;
    const decided =
      first >= 0 ||
      (!settings.priorityOnly && margin > TIE && margin >= settings.minMargin && support >= settings.minSupport);
    return {
      value: decided ? entry.values[best] : null,
      confidence: first >= 0 ? 1 : p[best]!,
      for: support,
      against: entry.n - support,
      runnerUp: second < 0 ? null : entry.values[second],
      margin,
      copies: votes.copies?.[best] ?? 0,
      decided,
    };
  }

  /** Code of the claim of the first declared source that has one; -1: none has. */
  private preferred(entry: ClaimEntry): number {
    for (const source of this.settings.priority) {
      const at = entry.sources.indexOf(source);
      if (at >= 0) return entry.codes[at]!;
    }
    return -1;
  }

  private count(entry: ClaimEntry, p: Float64Array, sign: 1 | -1): void {
    const { sources, codes } = entry;
    for (let x = 0; x < entry.counted; x++) {
      const code = codes[x]!;
      this.right[sources[x]!]! += sign * p[code]!;
      this.claims[sources[x]!]! += sign;
      if (this.pairs === undefined) continue;
      for (let y = 0; y < x; y++)
        this.pairs.count(sources[x]!, sources[y]!, { same: codes[y] === code, p: p[code]!, sign });
    }
  }
}
