import { enlarged } from './growing.ts';
import { KeyTable, NONE } from './key-table.ts';

/**
 * Records taken for granted before the first: with few records seen, all features weigh nearly the same, and what is
 * frequent loses weight as records come.
 */
const PRIOR_RECORDS = 100;
const FIRST_IDS = 1024;

/**
 * In how many of the records at hand a feature stands.
 *
 * Records that leave are taken out again, so the counts follow the stream without a decay, they are whole numbers, and
 * they need no state of their own: they are a function of the records held.
 * Layout: a feature that a record has is known by an id, small for those seen early, which are the frequent ones: what
 * is read most lies close together. Ids of features that left are given again.
 */
export class FeatureFrequencies {
  private readonly ids = new KeyTable();
  private readonly free: number[] = [];
  private made = 0;
  private hashes = new Int32Array(FIRST_IDS);
  private counts = new Int32Array(FIRST_IDS);
  /** By id, in turn: ln(df + 1), and a number of whoever compares, 0 when made. One line of memory gives both. */
  table = new Float64Array(2 * FIRST_IDS);
  private records = 0;
  private top = Math.log(PRIOR_RECORDS);

  /** Weight of a feature no record has. */
  get most(): number {
    return this.top;
  }

  /** Gives the ids of the features when `into` has room for them. */
  add(hashes: Int32Array, into?: Int32Array): void {
    for (let i = 0; i < hashes.length; i++) {
      let id = this.ids.get(hashes[i]!);
      if (id === NONE) id = this.make(hashes[i]!);
      this.table[2 * id] = log(++this.counts[id]! + 1);
      if (into !== undefined) into[i] = id;
    }
    this.resize(1);
  }

  remove(hashes: Int32Array): void {
    for (let i = 0; i < hashes.length; i++) {
      const id = this.ids.get(hashes[i]!);
      if (id === NONE) continue;
      this.table[2 * id] = log(--this.counts[id]! + 1);
      if (this.counts[id]! > 0) continue;
      this.ids.delete(hashes[i]!);
      this.free.push(id);
    }
    this.resize(-1);
  }

  /** NONE of a feature no record has. */
  idOf(hash: number): number {
    return this.ids.get(hash);
  }

  hashOf(id: number): number {
    return this.hashes[id]!;
  }

  /** Weight of a feature that one record has. */
  weightOfOne(): number {
    return this.top - log(2);
  }

  weight(hash: number): number {
    const id = this.ids.get(hash);
    return id === NONE ? this.top : this.weightOf(id);
  }

  /** ln((records + prior) / (df + 1)): never negative. */
  weightOf(id: number): number {
    return this.top - this.table[2 * id]!;
  }

  private make(hash: number): number {
    const id = this.free.pop() ?? this.made++;
    if (id === this.hashes.length) {
      this.hashes = enlarged(this.hashes, 2 * id);
      this.counts = enlarged(this.counts, 2 * id);
      this.table = enlarged(this.table, 4 * id);
    }
    this.hashes[id] = hash;
    this.counts[id] = 0;
    this.ids.set(hash, id);
    return id;
  }

  private resize(by: number): void {
    this.records += by;
    this.top = Math.log(this.records + PRIOR_RECORDS);
  }
}

const LOGS = Float64Array.from({ length: 4096 }, (_, n) => Math.log(n));

function log(n: number): number {
  return n < LOGS.length ? LOGS[n]! : Math.log(n);
}
