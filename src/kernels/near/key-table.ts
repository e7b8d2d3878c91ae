/** Given for a key that is not there; no value is this. */
export const NONE = -0x80000000;
const FIRST_PLACES = 1024;

/**
 * Numbers by well-mixed 32-bit key.
 *
 * Idea: open addressing by the key itself, as hashes need no hash; who leaves closes the gap behind it. A Map ends at
 * 16.7 M keys, which half a million texts have, and takes several times the memory.
 * Layout: keys and values side by side, `NONE` in an empty place. Cost: 12 to 24 bytes a key; twice the keys, one copy.
 */
export class KeyTable {
  size = 0;
  private keys = new Int32Array(FIRST_PLACES);
  private values = new Int32Array(FIRST_PLACES).fill(NONE);

  get(key: number): number {
    return this.values[this.placeOf(key)]!;
  }

  set(key: number, value: number): void {
    let place = this.placeOf(key);
    if (this.values[place] === NONE) {
      if (++this.size * 3 > this.keys.length * 2) {
        this.grow();
        place = this.placeOf(key);
      }
      this.keys[place] = key;
    }
    this.values[place] = value;
  }

  delete(key: number): void {
    const { keys, values } = this;
    const mask = keys.length - 1;
    let gap = this.placeOf(key);
    if (values[gap] === NONE) return;
    this.size--;
    for (let place = (gap + 1) & mask; values[place] !== NONE; place = (place + 1) & mask) {
      const steps = (place - keys[place]!) & mask; // from where its search begins
      if (steps < ((place - gap) & mask)) continue;
      keys[gap] = keys[place]!;
      values[gap] = values[place]!;
      gap = place;
    }
    values[gap] = NONE;
  }

  /** Where the key is, or the empty place where it would go. */
  private placeOf(key: number): number {
    const { keys, values } = this;
    const mask = keys.length - 1;
    let place = key & mask;
    while (values[place] !== NONE && keys[place] !== key) place = (place + 1) & mask;
    return place;
  }

  private grow(): void {
    const { keys, values } = this;
    this.keys = new Int32Array(2 * keys.length);
    this.values = new Int32Array(2 * keys.length).fill(NONE);
    for (let i = 0; i < keys.length; i++) {
      if (values[i] === NONE) continue;
      const place = this.placeOf(keys[i]!);
      this.keys[place] = keys[i]!;
      this.values[place] = values[i]!;
    }
  }
}
