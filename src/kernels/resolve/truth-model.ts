import { softmax } from '../vote/em-rows.ts';
import type { ClaimEntry, ClaimModel, Resolved } from './claim-entry.ts';

/** Accuracy a source starts with, the claims that is worth, and the range it may take. */
const START_ACCURACY = 0.7;
const START_CLAIMS = 1;
const LEAST = 0.05;
const MOST = 0.98;
/** Below this many shared entries nothing is said about copying. */
const MIN_SHARED = 10;
const TIE = 1e-9;
/** Copy rate assumed by the first look, which knows agreement alone: high, so that accurate sources do not look like copies. */
const FIRST_COPY_RATE = 0.8;

export interface TruthSettings {
  readonly weights: 'even' | 'accuracy';
  readonly copies: boolean;
  /** Assumed number of false values an attribute could have, > 1. */
  readonly falseValues: number;
  /** Share of its claims a copier copies, 0 to 1. */
  readonly copyRate: number;
  /** Prior probability that one source copies another, 0 to 1. */
  readonly copyPrior: number;
  /** Sources whose claim wins wherever they have one, the first present first. */
  readonly priority: readonly number[];
  readonly priorityOnly: boolean;
  readonly minSupport: number;
  readonly minMargin: number;
}

/**
 * Which claimed value is true: ACCU, and with copy detection AccuCopy.
 *
 * Idea: a claim weighs ln(N A / (1 - A)) by its source's accuracy A; sources that share the same false values copy, and
 * a claim counts by the probability that it was not copied from one already counted. Counts are soft: a value more
 * likely true than not counts by P as shared truth, any other by 1 - P as shared error; the lesser part is left out,
 * since a tenth of an error would weigh as much evidence of copying as ten shared truths against it.
 * Shares go in and out with the numbers they were added with.
 * State: 2 doubles a source, 3 a pair. Cost: claims² of an entry to learn; sources² at a refresh.
 *
 * Source: Dong, Berti-Équille & Srivastava 2009 (PVLDB 2:1, sections 3 and 4).
 */
export class TruthModel implements ClaimModel {
  private readonly settings: TruthSettings;
  private size = 0;
  private room = 0;
  private right = new Float64Array(0);
  private claims = new Float64Array(0);
  /** Upper triangles in a square: `[a · room + b]`, a < b. */
  private same = new Float64Array(0);
  private sameFalse = new Float64Array(0);
  private different = new Float64Array(0);
  /** D(a, b), symmetric, as of the last refresh. */
  private dependence = new Float64Array(0);
  /** 0: nothing known; 1: dependence by agreement alone, accuracies equal; 2: all from counts. */
  private informed = 0;

  constructor(settings: TruthSettings) {
    this.settings = settings;
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
      const independent = this.settings.copies ? this.independence(entry, order, o) : 1;
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
    if (!this.settings.copies) return;
    for (let a = 0; a < this.size; a++)
      for (let b = a + 1; b < this.size; b++) {
        const d = this.dependenceOf(a, b);
        this.dependence[a * this.room + b] = d;
        this.dependence[b * this.room + a] = d;
      }
  }

  reserve(sources: number): void {
    this.size = Math.max(this.size, sources);
    if (sources <= this.room) return;
    const room = Math.max(16, this.room * 2, sources);
    const square = (from: Float64Array) => {
      const next = new Float64Array(room * room);
      for (let a = 0; a < this.room; a++) next.set(from.subarray(a * this.room, (a + 1) * this.room), a * room);
      return next;
    };
    if (this.settings.copies) {
      this.same = square(this.same);
      this.sameFalse = square(this.sameFalse);
      this.different = square(this.different);
      this.dependence = square(this.dependence);
    }
    const line = (from: Float64Array) => {
      const next = new Float64Array(room);
      next.set(from);
      return next;
    };
    this.right = line(this.right);
    this.claims = line(this.claims);
    this.room = room;
  }

  trust(source: number): { readonly trust: number; readonly claims: number } {
    return { trust: this.accuracy(source), claims: this.claims[source]! };
  }

  copiesFrom(source: number): { readonly source: number; readonly probability: number } | undefined {
    if (!this.settings.copies) return undefined;
    let best = -1;
    let most = 0.5;
    for (let other = 0; other < this.size; other++) {
      const d = this.dependence[source * this.room + other]!;
      if (other !== source && d > most) {
        most = d;
        best = other;
      }
    }
    return best < 0 ? undefined : { source: best, probability: most };
  }

  save(): unknown {
    const { size, room } = this;
    const rows = (square: Float64Array) =>
      Array.from({ length: this.settings.copies ? size : 0 }, (_, a) => [
        ...square.subarray(a * room, a * room + size),
      ]);
    return {
      informed: this.informed,
      right: [...this.right.subarray(0, size)],
      claims: [...this.claims.subarray(0, size)],
      same: rows(this.same),
      sameFalse: rows(this.sameFalse),
      different: rows(this.different),
      dependence: rows(this.dependence),
    };
  }

  load(state: unknown): void {
    const stored = state as { informed: number } & Record<'right' | 'claims', number[]> &
      Record<'same' | 'sameFalse' | 'different' | 'dependence', number[][]>; // written by save()
    this.reserve(stored.right.length);
    this.informed = stored.informed;
    this.right.set(stored.right);
    this.claims.set(stored.claims);
    const squares = [
      [this.same, stored.same],
      [this.sameFalse, stored.sameFalse],
      [this.different, stored.different],
      [this.dependence, stored.dependence],
    ] as const;
    for (const [square, rows] of squares) for (const [a, row] of rows.entries()) square.set(row, a * this.room);
  }

  bytes(): number {
    return this.room * 16 + (this.settings.copies ? this.room * this.room * 32 : 0);
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
    for (let o = 0; o < upTo; o++) {
      if (entry.codes[order[o]!] !== code) continue;
      product *= 1 - this.settings.copyRate * this.dependence[own * this.room + entry.sources[order[o]!]!]!;
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
      if (!this.settings.copies) continue;
      for (let y = 0; y < x; y++) {
        const a = Math.min(sources[x]!, sources[y]!);
        const at = a * this.room + Math.max(sources[x]!, sources[y]!);
        if (codes[y] !== code) this.different[at]! += sign;
        else if (p[code]! >= 0.5) this.same[at]! += sign * p[code]!;
        else this.sameFalse[at]! += sign * (1 - p[code]!);
      }
    }
  }

  private dependenceOf(a: number, b: number): number {
    const at = a * this.room + b;
    const kt = this.same[at]!;
    const kf = this.sameFalse[at]!;
    const kd = this.different[at]!;
    if (kt + kf + kd < MIN_SHARED) return 0;
    const { copyRate: c, copyPrior, falseValues } = this.settings;
    if (this.informed < 2) return firstLook(kt + kf, kd, this.settings);
    const accuracyA = this.accuracy(a);
    const accuracyB = this.accuracy(b);
    const pt = accuracyA * accuracyB;
    const pf = ((1 - accuracyA) * (1 - accuracyB)) / falseValues;
    const pd = 1 - pt - pf;
    const copied = (from: number) =>
      kt * Math.log((c * from + (1 - c) * pt) / pt) +
      kf * Math.log((c * (1 - from) + (1 - c) * pf) / pf) +
      kd * Math.log(((1 - c) * pd) / pd);
    const one = copied(accuracyA);
    const two = copied(accuracyB);
    const top = Math.max(one, two);
    const gain = top + Math.log((Math.exp(one - top) + Math.exp(two - top)) / 2);
    return posteriorOf(copyPrior, gain);
  }
}

/**
 * Dependence from agreement alone. Before accuracies are known accurate sources look like copies too, so a pair is
 * discounted by the copy rate that would explain its agreement, not by the assumed one: full copies weigh as one.
 */
function firstLook(same: number, different: number, { copyPrior, copyRate }: TruthSettings): number {
  const agree = START_ACCURACY * START_ACCURACY;
  const rate = (same / (same + different) - agree) / (1 - agree);
  return (posteriorOf(copyPrior, agreementGain(same, different)) * Math.max(0, rate)) / copyRate;
}

/** log L' - log L from agreement alone, at the start accuracy: no truth is assumed, so a copying majority cannot hide in it. */
function agreementGain(same: number, different: number): number {
  const agree = START_ACCURACY * START_ACCURACY;
  return (
    same * Math.log((FIRST_COPY_RATE + (1 - FIRST_COPY_RATE) * agree) / agree) +
    different * Math.log(1 - FIRST_COPY_RATE)
  );
}

function posteriorOf(prior: number, gain: number): number {
  return 1 / (1 + ((1 - prior) / prior) * Math.exp(-Math.min(700, Math.max(-700, gain))));
}

export const NOTHING: Resolved = {
  value: null,
  confidence: 0,
  for: 0,
  against: 0,
  runnerUp: null,
  margin: 0,
  copies: 0,
  decided: false,
};
