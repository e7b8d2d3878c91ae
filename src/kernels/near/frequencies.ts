/**
 * Records taken for granted before the first: with few records seen, all features weigh nearly the same, and what is
 * frequent loses weight as records come.
 */
const PRIOR_RECORDS = 100;

/**
 * In how many of the records at hand a feature stands.
 *
 * Records that leave are taken out again, so the counts follow the stream without a decay, they are whole numbers, and
 * they need no state of their own: they are a function of the records held.
 */
export class FeatureFrequencies {
  private readonly counts = new Map<number, number>();
  private records = 0;
  private top = Math.log(PRIOR_RECORDS);

  get size(): number {
    return this.counts.size;
  }

  add(hashes: Int32Array): void {
    for (let i = 0; i < hashes.length; i++) this.counts.set(hashes[i]!, (this.counts.get(hashes[i]!) ?? 0) + 1);
    this.resize(1);
  }

  remove(hashes: Int32Array): void {
    for (let i = 0; i < hashes.length; i++) {
      const left = (this.counts.get(hashes[i]!) ?? 0) - 1;
      if (left > 0) this.counts.set(hashes[i]!, left);
      else this.counts.delete(hashes[i]!);
    }
    this.resize(-1);
  }

  /** ln((records + prior) / (df + 1)): never negative. */
  weight(hash: number): number {
    return this.top - log((this.counts.get(hash) ?? 0) + 1);
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
