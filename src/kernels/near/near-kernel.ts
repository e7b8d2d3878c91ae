import type { Inspection } from '../../core/inspection.ts';
import type { Kernel, KernelStats, OperatorDeps, Out, Tick } from '../../core/operator.ts';
import { originId } from '../../core/origin-id.ts';
import type { DataRecord } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { ownText } from '../repair/cell.ts';
import { tellPlaced } from './cluster-events.ts';
import { Clusters } from './clusters.ts';
import { declaredKeysOf } from './declared-keys.ts';
import { type Features, featuresOf } from './features.ts';
import { FieldComparisons } from './field-comparisons.ts';
import { GoldenRecords, keyOf } from './golden-records.ts';
import { NEAR_DUPLICATE } from './near-finding.ts';
import { type Match, type Matches, type NearEntry, NearIndex } from './near-index.ts';
import type { NearOptions } from './near-options.ts';
import { NearWriter, PORT } from './near-writer.ts';
import { linkBest } from './partners.ts';
import { textOf } from './words.ts';

/**
 * Finds records that say the same in other words, each against those held before it.
 *
 * A record joins the cluster whose verified members it is most like on average, when that is at or above the
 * threshold; so one accidental likeness does not chain clusters. A record that shows that two clusters are one unites
 * them (`cluster.merged`), and one that is more like it than like its own cluster comes over (`cluster.split`).
 * With one-to-one links a record keeps one partner of the other side; a better one that comes later takes its place.
 * To merge, records stay in, and one of the best values of each cluster leaves.
 * Bound: `maxStateBytes`; beyond, the oldest are forgotten, with `state.evicted`.
 */
export class NearKernel implements Kernel {
  private readonly options: NearOptions;
  private readonly maxBytes: number;
  private readonly index: NearIndex;
  private readonly clusters: Clusters;
  private readonly golden: GoldenRecords | undefined;
  private readonly writer: NearWriter;
  private readonly compare: FieldComparisons | undefined;
  private stale = false;

  constructor(options: NearOptions, deps: OperatorDeps) {
    const { action, into, dropFrom } = options;
    this.options = options;
    this.maxBytes = deps.limits.maxStateBytes;
    this.compare = options.compare.length === 0 ? undefined : new FieldComparisons(options.compare);
    this.index = new NearIndex({
      compare: this.compare,
      features: options.features,
      codes: options.codes,
      blockCap: options.blockCap,
    });
    this.clusters = new Clusters({
      threshold: options.threshold,
      mayMove: action.kind !== 'merge',
      alike: (entry, others) => this.index.alike(entry, others),
      changed: (entry) => this.index.update(entry),
    });
    if (action.kind === 'merge') this.golden = new GoldenRecords({ ...action, into, port: PORT.out }, deps.records);
    const visible = options.fields.map(({ text }) => !deps.redacted(text));
    this.writer = new NearWriter({ into, dropFrom, visible, watched: deps.watched === true }, this.index);
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    this.resume();
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      this.take(records[i]!, time[i]!, out);
    }
  }

  onTick(tick: Tick, out: Out): void {
    this.resume();
    if (tick.kind === 'idle') this.advance(tick.time, out);
    if (tick.kind === 'end') this.golden?.end(out);
  }

  checkpoint(): CheckpointDelta {
    this.resume();
    const { put, drop } = this.index.checkpoint();
    const delta = { put: [...put], drop: [...drop] };
    this.golden?.checkpoint(delta.put, delta.drop);
    return delta;
  }

  restore(part: StatePart): void {
    this.stale = true;
    if (this.golden?.owns(part.name) === true) this.golden.restore(part);
    else this.index.restore(part);
  }

  stats(): KernelStats {
    const { overflowed, uncompared } = this.index.blocks;
    return {
      entries: this.index.size + (this.golden?.size ?? 0),
      bytes: this.bytes,
      gauges: [
        { name: 'near_left_out', labels: { reason: 'block-cap' }, value: overflowed },
        { name: 'near_left_out', labels: { reason: 'search-limit' }, value: uncompared },
      ],
    };
  }

  inspect(): Inspection {
    return { groups: this.writer.inspect() };
  }

  private get bytes(): number {
    return this.index.bytes + (this.golden?.bytes ?? 0);
  }

  /** The last part has been restored. */
  private resume(): void {
    if (!this.stale) return;
    this.stale = false;
    this.index.resume();
    const entries = this.index.entries();
    if (!this.options.oneToOne) this.clusters.restore(entries);
    this.golden?.resume(entries);
  }

  private take(record: DataRecord, timeMs: number, out: Out): void {
    const { options, index } = this;
    const texts = options.fields.map((slot) => textOf(slot.get(record)));
    const side = options.source === undefined ? undefined : ownText(textOf(options.source.get(record)));
    const features = this.featuresOf(record, texts);
    this.advance(timeMs, out);
    const id = originId(record.origin);
    if (features.hashes.length === 0) {
      const alone = this.golden === undefined ? record : record.leaving({ key: keyOf(id) });
      this.writer.write(alone, { texts, features, cluster: id, match: undefined, related: undefined }, out);
      return;
    }
    const matches = index.matches(
      features,
      options.related ?? options.threshold,
      side === undefined ? undefined : (other) => other.side !== side,
    );
    const { entry, match } = this.join({ record, features, side, timeMs, matches }, out);
    const { cluster } = entry;
    const found = {
      texts,
      features,
      cluster,
      match,
      related: options.related === undefined ? undefined : matches.near[0],
    };
    this.writer.note(found);
    if (this.golden === undefined) this.writer.write(record, found, out);
    else {
      this.golden.take(record, { id, cluster, arrival: entry.seq, time: timeMs });
      if (match !== undefined) out.finding(undefined, NEAR_DUPLICATE); // counted: there is no record it could be on
      out.absorb('merged');
    }
    this.bound(out);
  }

  private featuresOf(record: DataRecord, texts: readonly string[]): Features {
    const { features: kind, keys } = this.options;
    const filled = texts.filter((text) => text !== '');
    const features = featuresOf(filled, kind);
    if (keys.length === 0 && this.compare === undefined) return features;
    return {
      ...features,
      ...(keys.length === 0 ? {} : { declared: declaredKeysOf(record, keys) }),
      ...(this.compare === undefined ? {} : { values: this.compare.valuesOf(record) }),
    };
  }

  /** Puts the record into the index, with its cluster or its partner. */
  private join(
    found: {
      readonly record: DataRecord;
      readonly features: Features;
      readonly side: string | undefined;
      readonly timeMs: number;
      readonly matches: Matches;
    },
    out: Out,
  ): { readonly entry: NearEntry; readonly match: Match | undefined } {
    const { index, clusters, options } = this;
    const { features, side, timeMs, matches } = found;
    const { origin } = found.record;
    const { threshold, oneToOne } = options;
    const entry = index.add({ features, origin, time: timeMs, side, cluster: originId(origin) });
    if (oneToOne) return { entry, match: linkBest(index, { entry, matches: matches.near, threshold }, out) };
    const placed = clusters.place(entry, matches);
    if (placed.union !== undefined) this.golden?.unite(placed.union, { time: timeMs, arrival: entry.seq });
    tellPlaced(entry, placed, out);
    return { entry, match: placed.match };
  }

  /** What is due by the clock, or by the number of records: clusters leave, old entries are forgotten. */
  private advance(timeMs: number, out: Out): void {
    const { window } = this.options;
    this.golden?.advance(timeMs, out);
    if (window.kind === 'records') while (this.index.size >= window.records) this.forget(out);
    if (window.kind !== 'time' || Number.isNaN(timeMs)) return;
    for (
      let first = this.index.oldest();
      first !== undefined && first.time + window.ms < timeMs;
      first = this.index.oldest()
    )
      this.forget(out);
  }

  private forget(out: Out): void {
    const oldest = this.index.oldest();
    if (oldest === undefined) return;
    this.clusters.leave(oldest);
    this.index.shift();
    this.golden?.left(oldest.cluster, out);
  }

  private bound(out: Out): void {
    let gone = 0;
    for (; this.bytes > this.maxBytes && this.index.size > 0; gone++) this.forget(out);
    if (gone > 0) out.event('state.evicted', { entries: gone, bound: 'maxStateBytes' });
  }
}
