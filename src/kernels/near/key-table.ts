/** Given for a key that is not there; no value is this. */
export const NONE = -0x80000000;
const FIRST_PLACES = 1024;

/**
 * Numbers by well-mixed 32-bit key.
 *
 * Idea: open addressing by the key itself, as hashes need no hash; who leaves closes the gap behind it. A Map ends at
 * 16.7 M keys, which half a million texts have, and takes several times the memory.
 * Layout: key | value, side by side as a search needs both, `NONE` as the value of an empty place. Cost: 12 to 24 bytes a
 * key; twice the keys, one copy.
 */
export class KeyTable {
  size = 0;
  private words = emptyPlaces(FIRST_PLACES);

  get(key: number): number {
    return this.words[this.placeOf(key) + 1]!;
  }

  set(key: number, value: number): void {
    let place = this.placeOf(key);
    if (this.words[place + 1] === NONE) {
      if (++this.size * 3 > this.words.length) {
        this.grow();
        place = this.placeOf(key);
      }
      this.words[place] = key;
    }
    this.words[place + 1] = value;
  }

  delete(key: number): void {
    const { words } = this;
    const last = words.length - 2;
    let gap = this.placeOf(key);
    if (words[gap + 1] === NONE) return;
    this.size--;
    for (let place = (gap + 2) & last; words[place + 1] !== NONE; place = (place + 2) & last) {
      const steps = (place - (words[place]! << 1)) & last; // from where its search begins
      if (steps < ((place - gap) & last)) continue;
      words[gap] = words[place]!;
      words[gap + 1] = words[place + 1]!;
      gap = place;
    }
    words[gap + 1] = NONE;
  }

  /** First word of where the key is, or of the empty place where it would go. */
  private placeOf(key: number): number {
    const { words } = this;
    const last = words.length - 2;
    let place = (key << 1) & last;
    while (words[place + 1] !== NONE && words[place] !== key) place = (place + 2) & last;
    return place;
  }

  private grow(): void {
    const { words } = this;
    this.words = emptyPlaces(words.length);
    for (let i = 0; i < words.length; i += 2) {
      if (words[i + 1] === NONE) continue;
      const place = this.placeOf(words[i]!);
      this.words[place] = words[i]!;
      this.words[place + 1] = words[i + 1]!;
    }
  }
}

function emptyPlaces(count: number): Int32Array {
  return new Int32Array(2 * count).fill(NONE);
}
