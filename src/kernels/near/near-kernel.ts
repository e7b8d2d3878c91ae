import type { FieldSlot } from '../../core/field.ts';
import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import type { DataRecord, Origin } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { featuresOf, textOf, wordHash, wordsOf } from './features.ts';
import { type Match, type NearEntry, NearIndex } from './near-index.ts';
import type { FeatureKind } from './near-settings.ts';

const PORT = { out: 0, duplicates: 1 } as const;
/** Rarest words two records share, told as the reason. */
const WHY_WORDS = 3;

export type NearWindow =
  | { readonly kind: 'all' }
  | { readonly kind: 'records'; readonly records: number }
  | { readonly kind: 'time'; readonly ms: number };

export interface NearOptions {
  readonly fields: readonly FieldSlot[];
  readonly features: FeatureKind;
  readonly codes: boolean;
  readonly threshold: number;
  readonly action: 'flag' | 'drop';
  readonly into: FieldSlot | undefined;
  readonly source: FieldSlot | undefined;
  readonly oneToOne: boolean;
  readonly window: NearWindow;
  readonly blockCap: number;
}

/**
 * Finds records that say the same in other words, each against those held before it.
 *
 * A record joins the cluster whose verified members it is most like on average, when that is at or above the
 * threshold; so one accidental likeness does not chain clusters. With one-to-one links a record keeps one partner of
 * the other side; a better one that comes later takes its place (`cluster.split`, `cluster.merged`).
 * Bound: `maxStateBytes`; beyond, the oldest are forgotten, with `state.evicted`.
 */
export class NearKernel implements Kernel {
  private readonly options: NearOptions;
  private readonly index: NearIndex;
  private readonly visible: readonly boolean[];

  constructor(options: NearOptions, deps: OperatorDeps) {
    this.options = options;
    this.index = new NearIndex({
      features: options.features,
      codes: options.codes,
      blockCap: options.blockCap,
      maxBytes: deps.limits.maxStateBytes,
    });
    this.visible = options.fields.map(({ text }) => !deps.redacted(text));
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    this.index.resume();
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      this.take(records[i]!, time[i]!, out);
    }
  }

  onTick(tick: Tick): void {
    this.index.resume();
    if (tick.kind === 'idle') this.expire(tick.time);
  }

  checkpoint(): CheckpointDelta {
    return this.index.checkpoint();
  }

  restore(part: StatePart): void {
    this.index.restore(part);
  }

  stats(): KernelStats {
    const { overflowed, uncompared } = this.index.blocks;
    return {
      entries: this.index.size,
      bytes: this.index.bytes,
      gauges: [
        { name: 'near_left_out', labels: { reason: 'block-cap' }, value: overflowed },
        { name: 'near_left_out', labels: { reason: 'search-limit' }, value: uncompared },
      ],
    };
  }

  private take(record: DataRecord, timeMs: number, out: Out): void {
    const { options, index } = this;
    const texts = options.fields.map((slot) => textOf(slot.get(record)));
    const side = options.source === undefined ? undefined : textOf(options.source.get(record));
    this.expire(timeMs);
    const features = featuresOf(
      texts.filter((text) => text !== ''),
      options.features,
    );
    const { origin } = record;
    const id = idOf(origin);
    const entry = { features, origin, time: timeMs, side, cluster: id };
    if (features.hashes.length === 0) {
      this.leave(record, { id, texts, match: undefined }, out);
      return;
    }
    const matches = index.matches(features, 0, (other) => side === undefined || other.side !== side);
    const match = options.oneToOne ? undefined : this.bestCluster(matches);
    if (match !== undefined) entry.cluster = match.entry.cluster;
    const held = index.add(entry);
    const linked = options.oneToOne ? this.link(held, matches, out) : match;
    this.leave(record, { id: held.cluster, texts, match: linked }, out);
    this.bound(out);
  }

  /** The best match of the cluster that is most alike on average; undefined when none is alike enough. */
  private bestCluster(matches: readonly Match[]): Match | undefined {
    const clusters = new Map<string, { sum: number; count: number; best: Match }>();
    for (const match of matches) {
      const known = clusters.get(match.entry.cluster);
      if (known === undefined) clusters.set(match.entry.cluster, { sum: match.score, count: 1, best: match });
      else {
        known.sum += match.score;
        known.count++;
      }
    }
    let found: Match | undefined;
    let most = this.options.threshold;
    for (const { sum, count, best } of clusters.values())
      if (sum / count > most || (found === undefined && sum / count >= most)) {
        most = sum / count;
        found = best;
      }
    return found;
  }

  /** Gives `entry` the best partner that is free or likes it better than its own; who loses one looks again. */
  private link(entry: NearEntry, matches: readonly Match[], out: Out): Match | undefined {
    const { index, options } = this;
    let [seeker, offers] = [entry, matches];
    for (;;) {
      const chosen = offers.find(({ entry: other, score }) => score >= options.threshold && score > other.score);
      if (chosen === undefined) break;
      const { entry: other, score } = chosen;
      const left = other.partner < 0 ? undefined : index.get(other.partner);
      const before = other.cluster;
      const cluster = other.seq < seeker.seq ? idOf(other.origin) : idOf(seeker.origin);
      pair(seeker, other, { cluster, score });
      index.touch(seeker);
      index.touch(other);
      if (seeker !== entry)
        out.event('cluster.merged', { cluster, origin: seeker.origin, with: other.origin, score: round(score) });
      if (left === undefined) break;
      left.partner = -1;
      left.score = 0;
      left.cluster = idOf(left.origin);
      index.touch(left);
      out.event('cluster.split', { cluster: before, origin: left.origin, from: other.origin });
      [seeker, offers] = [left, index.matches(left.features, options.threshold, (e) => e.side !== left.side)];
    }
    const partner = entry.partner < 0 ? undefined : index.get(entry.partner);
    return partner === undefined ? undefined : { entry: partner, score: entry.score };
  }

  private leave(
    record: DataRecord,
    found: { readonly id: string; readonly texts: readonly string[]; readonly match: Match | undefined },
    out: Out,
  ): void {
    const { into, action } = this.options;
    const { match } = found;
    if (match === undefined && into === undefined) {
      out.emit(PORT.out, record);
      return;
    }
    const draft = record.edit();
    into?.set(draft, found.id);
    if (match !== undefined)
      out.finding(draft, {
        rule: 'near-duplicate',
        severity: 'info',
        dimension: 'uniqueness',
        observed: {
          duplicateOf: match.entry.origin,
          cluster: found.id,
          score: round(match.score),
          why: this.why(found.texts, match),
        },
      });
    out.emit(match !== undefined && action === 'drop' ? PORT.duplicates : PORT.out, draft);
  }

  /** The rarest words both have; none of redacted fields. */
  private why(texts: readonly string[], { entry }: Match): readonly string[] {
    const shared = new Map<string, number>();
    for (const [i, text] of texts.entries())
      if (this.visible[i] === true)
        for (const word of wordsOf(text)) {
          const hash = wordHash(word);
          if (includes(entry.features.words, hash)) shared.set(word, this.index.rarity(hash));
        }
    return [...shared]
      .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, WHY_WORDS)
      .map(([word]) => word);
  }

  private expire(timeMs: number): void {
    const { window } = this.options;
    if (window.kind === 'records') while (this.index.size >= window.records) this.index.shift();
    if (window.kind !== 'time' || Number.isNaN(timeMs)) return;
    for (
      let first = this.index.oldest();
      first !== undefined && first.time + window.ms < timeMs;
      first = this.index.oldest()
    )
      this.index.shift();
  }

  private bound(out: Out): void {
    let gone = 0;
    for (; this.index.isFull && this.index.size > 0; gone++) this.index.shift();
    if (gone > 0) out.event('state.evicted', { entries: gone, bound: 'maxStateBytes' });
  }
}

function pair(
  a: NearEntry,
  b: NearEntry,
  { cluster, score }: { readonly cluster: string; readonly score: number },
): void {
  a.partner = b.seq;
  b.partner = a.seq;
  a.score = score;
  b.score = score;
  a.cluster = cluster;
  b.cluster = cluster;
}

function idOf({ topic, partition, offset, index }: Origin): string {
  return `${topic}/${partition}/${offset}${index === undefined ? '' : `#${index}`}`;
}

function includes(sorted: Int32Array, value: number): boolean {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === value;
}

function round(score: number): number {
  return Math.round(score * 1000) / 1000;
}
