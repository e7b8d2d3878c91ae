/**
 * Records taken for granted before the first: with few records seen, all features weigh nearly the same, and what is
 * frequent loses weight as records come.
 */
const PRIOR_RECORDS = 100;
const FIRST_PLACES = 1024;

/**
 * In how many of the records at hand a feature stands.
 *
 * Records that leave are taken out again, so the counts follow the stream without a decay, they are whole numbers, and
 * they need no state of their own: they are a function of the records held.
 * Layout: open addressing by the hash itself, which is well mixed; a count of 0 is an empty place, or a feature that
 * left, which keeps its place until the table is rebuilt. `used` tells the two apart.
 */
export class FeatureFrequencies {
  private hashes = new Int32Array(FIRST_PLACES);
  private counts = new Int32Array(FIRST_PLACES);
  private used = new Uint8Array(FIRST_PLACES);
  private places = 0;
  private records = 0;
  private top = Math.log(PRIOR_RECORDS);

  add(hashes: Int32Array): void {
    if ((this.places + hashes.length) * 2 > this.hashes.length) this.rebuild(hashes.length);
    for (let i = 0; i < hashes.length; i++) {
      const place = this.placeOf(hashes[i]!);
      if (this.used[place] === 0) {
        this.used[place] = 1;
        this.hashes[place] = hashes[i]!;
        this.places++;
      }
      this.counts[place]!++;
    }
    this.resize(1);
  }

  remove(hashes: Int32Array): void {
    for (let i = 0; i < hashes.length; i++) {
      const place = this.placeOf(hashes[i]!);
      if (this.counts[place]! > 0) this.counts[place]!--;
    }
    this.resize(-1);
  }

  /** ln((records + prior) / (df + 1)): never negative. */
  weight(hash: number): number {
    return this.top - log(this.counts[this.placeOf(hash)]! + 1);
  }

  /** Weight of a feature that one record has. */
  weightOfOne(): number {
    return this.top - log(2);
  }

  /** Where the feature is, or the empty place where it would go. */
  private placeOf(hash: number): number {
    const mask = this.hashes.length - 1;
    let place = hash & mask;
    while (this.used[place] === 1 && this.hashes[place] !== hash) place = (place + 1) & mask;
    return place;
  }

  /** Leaves out what no record has any more, and makes room for `more` features at a load of a quarter. */
  private rebuild(more: number): void {
    const { hashes, counts } = this;
    let live = 0;
    for (let i = 0; i < counts.length; i++) if (counts[i]! > 0) live++;
    let size = FIRST_PLACES;
    while (size < 4 * (live + more)) size *= 2;
    this.hashes = new Int32Array(size);
    this.counts = new Int32Array(size);
    this.used = new Uint8Array(size);
    this.places = live;
    for (let i = 0; i < counts.length; i++) {
      if (counts[i] === 0) continue;
      const place = this.placeOf(hashes[i]!);
      this.used[place] = 1;
      this.hashes[place] = hashes[i]!;
      this.counts[place] = counts[i]!;
    }
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
