import type { Match, Matches, NearEntry } from './near-index.ts';

/** Members of a cluster that stand for it when two are compared: so many similarities squared at most. */
const SAMPLE = 8;

interface ClusterOptions {
  /** Similarity on average from which a record, or another cluster, belongs to a cluster. */
  readonly threshold: number;
  /** A record may leave its cluster for another one. */
  readonly mayMove: boolean;
  alike(entry: NearEntry, others: readonly NearEntry[]): Float64Array;
  /** An entry has another cluster, or stands for one now, or no longer. */
  changed(entry: NearEntry): void;
}

/** Two clusters that turned out to be one. */
interface Union {
  readonly cluster: string;
  /** The cluster that is no more, and how many of its records are held. */
  readonly from: string;
  readonly records: number;
  readonly score: number;
}

/** A record that is more like another cluster than like its own. */
interface Move {
  readonly entry: NearEntry;
  readonly from: string;
  readonly score: number;
}

/** What became of clusters when a record came; `match`: whose cluster it is in. */
export interface Placed {
  readonly match: Match | undefined;
  readonly union: Union | undefined;
  readonly move: Move | undefined;
}

interface Cluster {
  readonly all: Set<NearEntry>;
  /** At most SAMPLE of them, by age: the first ones, and those that came when one of these had left. */
  sample: NearEntry[];
}

/**
 * Which records are one thing, by their mean likeness: one accidental likeness does not chain two clusters.
 *
 * A record joins the cluster whose verified members it is most like. One that would belong to a second cluster as well
 * has the two compared: when their members are alike on average they become one, and the smaller takes the name of the
 * larger (the younger of the older), so that least changes. And the record it is most like moves to it when it is more like the cluster of the
 * newcomer than its own. Kept for clusters of two and more; all is made again from the entries after a restore.
 * Cost: at most SAMPLE² similarities a record, beside those of its candidates; a union also costs its smaller cluster.
 */
export class Clusters {
  private readonly options: ClusterOptions;
  private readonly clusters = new Map<string, Cluster>();

  constructor(options: ClusterOptions) {
    this.options = options;
  }

  /** Gives a new entry its cluster, that of the match given back, or its own. */
  place(entry: NearEntry, matches: Matches): Placed {
    const [match, rival] = this.candidates(matches);
    if (match !== undefined) {
      entry.cluster = match.entry.cluster;
      this.enter(this.clusterOf(match.entry), entry);
    }
    const union = rival === undefined ? undefined : this.unite(entry, rival.entry);
    const nearest = matches.near[0];
    const move = nearest === undefined || !this.options.mayMove ? undefined : this.attract(entry, nearest);
    return { match, union, move };
  }

  /** The clusters a record with these candidates belongs to, by the best match of each: the one most alike on average first. */
  private candidates({ near, rest }: Matches): Match[] {
    const clusters = new Map<string, { sum: number; count: number; best: Match }>();
    const add = (match: Match, isNew: boolean): void => {
      const known = clusters.get(match.entry.cluster);
      if (known !== undefined) {
        known.sum += match.score;
        known.count++;
      } else if (isNew) clusters.set(match.entry.cluster, { sum: match.score, count: 1, best: match });
    };
    for (const match of near) add(match, true);
    // one of which none is near is not near on average; who is alone in its cluster is there already
    if (near.some(({ entry }) => this.clusters.has(entry.cluster))) for (const match of rest()) add(match, false);
    // of two that are equally alike the one with the better match stays first
    return [...clusters.values()]
      .filter(({ sum, count }) => sum / count >= this.options.threshold)
      .sort((a, b) => b.sum / b.count - a.sum / a.count)
      .map(({ best }) => best);
  }

  /** The clusters of `a` and `b` become one when their members are alike on average. */
  private unite(a: NearEntry, b: NearEntry): Union | undefined {
    const score = this.mean(this.sampleOf(a), this.sampleOf(b));
    if (!(score >= this.options.threshold)) return undefined;
    const larger = this.sizeOf(a) - this.sizeOf(b) || this.sampleOf(b)[0]!.seq - this.sampleOf(a)[0]!.seq;
    const [large, small] = larger > 0 ? [a, b] : [b, a];
    const { cluster } = large;
    const from = small.cluster;
    const moved = [...(this.clusters.get(from)?.all ?? [small])];
    const into = this.clusterOf(large);
    for (const entry of moved) {
      entry.cluster = cluster;
      into.all.add(entry);
      this.options.changed(entry);
    }
    this.choose(into, [...into.sample, ...(this.clusters.get(from)?.sample ?? [small])]);
    this.clusters.delete(from);
    return { cluster, from, records: moved.length, score };
  }

  /** The record most like `entry` comes into its cluster when it is more like that than like its own. */
  private attract(entry: NearEntry, { entry: other, score }: Match): Move | undefined {
    const own = this.clusters.get(other.cluster);
    if (own === undefined || other.cluster === entry.cluster || score < this.options.threshold) return undefined;
    const there = this.mean([other], this.sampleOf(entry));
    const here = this.mean([other], own.sample);
    if (!(there >= this.options.threshold && there > here)) return undefined;
    const from = other.cluster;
    this.leave(other);
    other.cluster = entry.cluster;
    this.enter(this.clusterOf(entry), other);
    this.options.changed(other);
    return { entry: other, from, score: there };
  }

  /** The entry is forgotten. */
  leave(entry: NearEntry): void {
    const cluster = this.clusters.get(entry.cluster);
    if (cluster === undefined) return;
    cluster.all.delete(entry);
    this.choose(
      cluster,
      cluster.sample.filter((other) => other !== entry),
    );
    entry.sampled = false;
    if (cluster.all.size > 1) return;
    this.choose(cluster, []);
    this.clusters.delete(entry.cluster);
  }

  /** All that are held, after a restore. */
  restore(entries: readonly NearEntry[]): void {
    const by = new Map<string, NearEntry[]>();
    for (const entry of entries) {
      const known = by.get(entry.cluster);
      if (known === undefined) by.set(entry.cluster, [entry]);
      else known.push(entry);
    }
    for (const [name, all] of by)
      if (all.length > 1)
        this.clusters.set(name, {
          all: new Set(all),
          sample: all.filter(({ sampled }) => sampled).sort((a, b) => a.seq - b.seq),
        });
  }

  private enter(cluster: Cluster, entry: NearEntry): void {
    cluster.all.add(entry);
    if (cluster.sample.length < SAMPLE) this.choose(cluster, [...cluster.sample, entry]);
  }

  /** The cluster of an entry, which is alone in it when there is none yet. */
  private clusterOf(entry: NearEntry): Cluster {
    const known = this.clusters.get(entry.cluster);
    if (known !== undefined) return known;
    const made: Cluster = { all: new Set([entry]), sample: [] };
    this.choose(made, [entry]);
    this.clusters.set(entry.cluster, made);
    return made;
  }

  /** The eldest of `entries` stand for the cluster. */
  private choose(cluster: Cluster, entries: NearEntry[]): void {
    const sample = entries.sort((a, b) => a.seq - b.seq).slice(0, SAMPLE);
    for (const entry of new Set([...cluster.sample, ...entries])) {
      const sampled = sample.includes(entry);
      if (entry.sampled === sampled) continue;
      entry.sampled = sampled;
      this.options.changed(entry);
    }
    cluster.sample = sample;
  }

  private sizeOf(entry: NearEntry): number {
    return this.clusters.get(entry.cluster)?.all.size ?? 1;
  }

  /** Who stands for the cluster of an entry: itself when all who did have left, or it is alone. */
  private sampleOf(entry: NearEntry): readonly NearEntry[] {
    const sample = this.clusters.get(entry.cluster)?.sample ?? [];
    return sample.length > 0 ? sample : [entry];
  }

  /** Of all pairs but those of one list, and of a record with itself; NaN when there is none. */
  private mean(left: readonly NearEntry[], right: readonly NearEntry[]): number {
    let [sum, pairs] = [0, 0];
    for (const a of left) {
      const others = right.filter((b) => a !== b && (a.side === undefined || a.side !== b.side));
      for (const score of this.options.alike(a, others)) sum += score;
      pairs += others.length;
    }
    return sum / pairs;
  }
}
