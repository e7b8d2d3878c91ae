import type { ClaimEntry, ClaimModel } from './claim-entry.ts';
import { NOTHING } from './truth-model.ts';

export interface MedianSettings {
  /** Claims further than this many median absolute deviations from the median are rejected, > 0. */
  readonly gate: number;
  readonly minSupport: number;
}

/** Ratios of a source to the others kept for each attribute; a factor is believed from 10 on. */
const RATIOS = 31;
const MIN_RATIOS = 10;
/** A source is off by a unit when its ratio is beyond e^±0.4 and as steady as this. */
const MIN_LOG_RATIO = 0.4;
const MAX_LOG_SPREAD = 0.05;
/** Loss a source starts with, in claims of an average one. */
const START_LOSS = 1;
/** A deviation counts at most this much, in units of the entry's spread. */
const MAX_LOSS = 10;
/** Scale of 1 MAD to 1 standard deviation of a normal. */
const MAD_TO_SIGMA = 1.4826;

interface SourceStats {
  loss: number;
  claims: number;
  weight: number;
  /** log of the factor to the common unit: 0 until one is learned. */
  factor: number;
  readonly ratios: number[];
  next: number;
}

/**
 * Numbers: units first, then a weighted median behind a gate.
 *
 * Idea: a source whose ratio to the others is steady and far from 1 speaks another unit, and is divided by that ratio;
 * a source weighs -ln of its share of the total loss; claims beyond the gate are no evidence of anything.
 * State: 36 doubles a source and attribute. Cost: n log n in the claims of an entry.
 *
 * Source: Li et al. 2014 (CRH, weighted median and weights); Leys et al. 2013 (median absolute deviation).
 */
export class MedianModel implements ClaimModel {
  private readonly settings: MedianSettings;
  private readonly attributes = new Map<string, SourceStats[]>();
  private sources = 0;

  constructor(settings: MedianSettings) {
    this.settings = settings;
  }

  start(entry: ClaimEntry): void {
    this.evaluate(entry);
  }

  evaluate(entry: ClaimEntry): void {
    const stats = this.of(entry);
    const claims: { at: number; x: number; weight: number }[] = [];
    for (let at = 0; at < entry.n; at++) {
      const value = entry.values[entry.codes[at]!];
      if (typeof value !== 'number') continue;
      const own = stats[entry.sources[at]!]!;
      claims.push({ at, x: own.factor === 0 ? value : value * Math.exp(-own.factor), weight: own.weight });
    }
    entry.p = new Float64Array(entry.n).fill(-1);
    if (claims.length === 0) {
      entry.result = NOTHING;
      return;
    }
    claims.sort((a, b) => a.x - b.x || a.at - b.at);
    const middle = weightedMedian(claims);
    const deviation = medianOf(claims.map(({ x }) => Math.abs(x - middle)));
    const gate = this.settings.gate * MAD_TO_SIGMA * deviation;
    const kept = deviation > 0 ? claims.filter(({ x }) => Math.abs(x - middle) <= gate) : claims;
    const value = weightedMedian(kept);
    const inside = deviation > 0 ? kept.length : claims.filter(({ x }) => x === middle).length;
    const unit = deviation > 0 ? deviation : Math.max(Math.abs(middle) * 1e-3, 1e-9);
    for (const { at, x } of claims) entry.p[at] = Math.min(MAX_LOSS, Math.abs(x - value) / unit);
    const near = claims.filter(({ x }) => Math.abs(x - value) <= deviation);
    const all = sum(claims);
    entry.result = {
      value: inside >= this.settings.minSupport ? value : null,
      confidence: all > 0 ? sum(near) / all : 0,
      for: inside,
      against: claims.length - inside,
      runnerUp: null,
      margin: all > 0 ? Math.max(0, (2 * sum(near)) / all - 1) : 0,
      copies: 0,
      spread: deviation,
      decided: inside >= this.settings.minSupport,
    };
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
    this.learnUnits(entry);
  }

  refresh(): void {
    for (const stats of this.attributes.values()) {
      let total = 0;
      for (const own of stats) if (own.claims > 0) total += meanLoss(own);
      for (const own of stats) {
        own.weight = own.claims > 0 && total > 0 ? Math.max(1e-3, -Math.log(meanLoss(own) / total)) : 1;
        own.factor = unitOf(own.ratios);
      }
    }
  }

  reserve(sources: number): void {
    this.sources = Math.max(this.sources, sources);
  }

  trust(source: number): { readonly trust: number; readonly claims: number } {
    let loss = 0;
    let claims = 0;
    for (const stats of this.attributes.values()) {
      loss += stats[source]?.loss ?? 0;
      claims += stats[source]?.claims ?? 0;
    }
    return { trust: claims > 0 ? 1 / (1 + loss / claims) : 0.5, claims };
  }

  copiesFrom(): undefined {
    return undefined;
  }

  save(): unknown {
    return { sources: this.sources, attributes: [...this.attributes] };
  }

  load(state: unknown): void {
    const stored = state as { sources: number; attributes: [string, SourceStats[]][] }; // written by save()
    this.sources = stored.sources;
    for (const [name, stats] of stored.attributes) this.attributes.set(name, stats);
  }

  bytes(): number {
    return this.attributes.size * this.sources * 36 * 8;
  }

  private of(entry: ClaimEntry): SourceStats[] {
    const name = String(entry.attribute);
    let stats = this.attributes.get(name);
    if (stats === undefined) {
      stats = [];
      this.attributes.set(name, stats);
    }
    while (stats.length < this.sources) stats.push({ loss: 0, claims: 0, weight: 1, factor: 0, ratios: [], next: 0 });
    return stats;
  }

  private count(entry: ClaimEntry, losses: Float64Array, sign: 1 | -1): void {
    const stats = this.of(entry);
    for (let at = 0; at < entry.counted; at++) {
      if (losses[at]! < 0) continue;
      const own = stats[entry.sources[at]!]!;
      own.loss += sign * losses[at]!;
      own.claims += sign;
    }
  }

  /** Ratio of the raw claim to what was concluded: the newest 31 a source and attribute. */
  private learnUnits(entry: ClaimEntry): void {
    const value = entry.result?.value;
    if (typeof value !== 'number' || value === 0) return;
    const stats = this.of(entry);
    for (let at = 0; at < entry.n; at++) {
      const claimed = entry.values[entry.codes[at]!];
      if (typeof claimed !== 'number' || claimed / value <= 0) continue;
      const own = stats[entry.sources[at]!]!;
      own.ratios[own.next] = Math.log(claimed / value);
      own.next = (own.next + 1) % RATIOS;
    }
  }
}

/** Log of a steady factor far from 1, else 0. */
function unitOf(ratios: readonly number[]): number {
  if (ratios.length < MIN_RATIOS) return 0;
  const middle = medianOf(ratios);
  if (Math.abs(middle) < MIN_LOG_RATIO) return 0;
  return medianOf(ratios.map((ratio) => Math.abs(ratio - middle))) <= MAX_LOG_SPREAD ? middle : 0;
}

function meanLoss(own: SourceStats): number {
  return (Math.max(0, own.loss) + START_LOSS) / (own.claims + START_LOSS);
}

/** Sorted by x: the first claim at which half of the weight is reached, or the middle of two when it falls between them. */
function weightedMedian(claims: readonly { readonly x: number; readonly weight: number }[]): number {
  const half = sum(claims) / 2;
  let reached = 0;
  for (let c = 0; c < claims.length; c++) {
    reached += claims[c]!.weight;
    if (reached > half + 1e-12) return claims[c]!.x;
    if (reached > half - 1e-12 && c + 1 < claims.length) return (claims[c]!.x + claims[c + 1]!.x) / 2;
  }
  return claims.at(-1)!.x;
}

function sum(claims: readonly { readonly weight: number }[]): number {
  let total = 0;
  for (const { weight } of claims) total += weight;
  return total;
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
