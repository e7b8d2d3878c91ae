import { medianOf } from '../sketch/median.ts';
import { type ClaimEntry, type ClaimModel, NOTHING } from './claim-entry.ts';
import { NumberSources } from './number-sources.ts';
import { type Weighted, weightedMedian, weightOf } from './weighted-median.ts';

export interface MedianSettings {
  /** Claims further than this many median absolute deviations from the median are rejected, > 0. */
  readonly gate: number;
  readonly minSupport: number;
  /** Attributes whose sources are learned; others get the plain median. */
  readonly maxAttributes: number;
}

/** A deviation counts at most this much, in units of the entry's spread. */
const MAX_LOSS = 10;
/** Scale of 1 MAD to 1 standard deviation of a normal. */
const MAD_TO_SIGMA = 1.4826;

interface Claim extends Weighted {
  readonly at: number;
  readonly group: number;
}

/**
 * Numbers: units first, then a weighted median behind a gate.
 *
 * Idea: a source in another unit is divided by its ratio to the others; sources that repeat each other's errors count
 * once; claims beyond the gate are no evidence of anything.
 * State: that of NumberSources for each attribute. Cost: n log n in the claims of an entry, n² to learn from it.
 *
 * Source: Li et al. 2014 (CRH, weighted median and weights); Leys et al. 2013 (median absolute deviation).
 */
export class MedianModel implements ClaimModel {
  private readonly settings: MedianSettings;
  private readonly attributes = new Map<string, NumberSources>();
  private readonly numbers = new Map<string, number>();
  private sources = 0;

  constructor(settings: MedianSettings) {
    this.settings = settings;
  }

  admit(attribute: string): boolean {
    if (this.attributes.has(attribute)) return true;
    if (this.attributes.size >= this.settings.maxAttributes) return false;
    this.numbers.set(attribute, this.attributes.size);
    this.attributes.set(attribute, new NumberSources());
    return true;
  }

  start(entry: ClaimEntry): void {
    this.evaluate(entry);
  }

  evaluate(entry: ClaimEntry): void {
    const claims = this.claimsOf(entry);
    entry.p = new Float64Array(entry.n).fill(-1);
    if (claims.length === 0) {
      entry.result = NOTHING;
      return;
    }
    const middle = weightedMedian(claims);
    const deviation = medianOf(claims.map(({ x }) => Math.abs(x - middle)));
    const gate = this.settings.gate * MAD_TO_SIGMA * deviation;
    const kept = deviation > 0 ? claims.filter(({ x }) => Math.abs(x - middle) <= gate) : claims;
    const value = weightedMedian(kept);
    const support = deviation > 0 ? kept : claims.filter(({ x }) => x === middle);
    const unit = deviation > 0 ? deviation : Math.max(Math.abs(middle) * 1e-3, 1e-9);
    for (const { at, x } of claims) {
      const loss = Math.abs(x - value) / unit;
      entry.p[at] = Number.isNaN(loss) ? MAX_LOSS : Math.min(MAX_LOSS, loss);
    }
    const near = weightOf(claims.filter(({ x }) => Math.abs(x - value) <= deviation));
    const all = weightOf(claims);
    const decided = support.length >= this.settings.minSupport;
    entry.result = {
      value: decided ? value : null,
      confidence: all > 0 ? near / all : 0,
      for: support.length,
      against: claims.length - support.length,
      runnerUp: null,
      margin: all > 0 ? Math.max(0, (2 * near) / all - 1) : 0,
      copies: support.length - new Set(support.map(({ group }) => group)).size,
      spread: deviation,
      decided,
    };
  }

  retract(entry: ClaimEntry): void {
    if (entry.added !== undefined) this.of(entry)?.count(entry, entry.added, -1);
    entry.added = undefined;
    entry.counted = 0;
  }

  add(entry: ClaimEntry): void {
    entry.added = entry.p!.slice();
    entry.counted = entry.n;
    const known = this.of(entry);
    known?.count(entry, entry.added, 1);
    known?.learnUnits(entry);
  }

  refresh(): void {
    for (const known of this.attributes.values()) known.refresh();
  }

  reserve(sources: number): void {
    this.sources = Math.max(this.sources, sources);
  }

  trust(source: number): { readonly trust: number; readonly claims: number } {
    let loss = 0;
    let claims = 0;
    for (const { list } of this.attributes.values()) {
      loss += list[source]?.loss ?? 0;
      claims += list[source]?.claims ?? 0;
    }
    return { trust: claims > 0 ? 1 / (1 + loss / claims) : 0.5, claims };
  }

  copiesFrom(source: number): { readonly source: number; readonly probability: number } | undefined {
    for (const known of this.attributes.values()) {
      const copied = known.copiesFrom(source);
      if (copied !== undefined) return copied;
    }
    return undefined;
  }

  /** One part an attribute. */
  changes(): { readonly name: string; readonly value: unknown }[] {
    const parts: { name: string; value: unknown }[] = [];
    for (const [name, known] of this.attributes) {
      if (!known.dirty) continue;
      known.dirty = false;
      parts.push({ name: `attribute-${this.numbers.get(name)!}`, value: { name, ...(known.save() as object) } }); // save() gives one
    }
    return parts;
  }

  load(name: string, value: unknown): void {
    const stored = value as { readonly name: string }; // written by changes()
    const known = new NumberSources();
    known.load(value);
    this.attributes.set(stored.name, known);
    this.numbers.set(stored.name, Number(name.slice(name.indexOf('-') + 1)));
  }

  bytes(): number {
    let bytes = 0;
    for (const known of this.attributes.values()) bytes += known.bytes();
    return bytes;
  }

  /** Numbers claimed, in the common unit, in order; the claims of one group share one weight. */
  private claimsOf(entry: ClaimEntry): Claim[] {
    const known = this.of(entry);
    const claims: Claim[] = [];
    const members = new Map<number, number>();
    for (let at = 0; at < entry.n; at++) {
      const value = entry.values[entry.codes[at]!];
      if (typeof value !== 'number') continue;
      const source = entry.sources[at]!;
      const own = known?.list[source];
      const group = own?.group ?? source;
      members.set(group, (members.get(group) ?? 0) + 1);
      const x = own === undefined || own.factor === 0 ? value : value * Math.exp(-own.factor);
      claims.push({ at, x, weight: own?.weight ?? 1, group });
    }
    return claims
      .map((claim) => ({ ...claim, weight: claim.weight / members.get(claim.group)! }))
      .sort((a, b) => a.x - b.x || a.at - b.at);
  }

  /** What is known for the attribute of an entry; undefined beyond the bound. */
  private of({ attribute }: ClaimEntry): NumberSources | undefined {
    const known = this.attributes.get(String(attribute));
    known?.reserve(this.sources);
    return known;
  }
}
