/** Slots for each place that may be met: chains stay short. */
const ROOM = 2;
const GOLDEN = 0x9e3779b1;

/**
 * Weights by place, for one search at a time: few of many places are met.
 *
 * A small table that stays in the caches, instead of a word for every place there is: what a search costs does not grow
 * with what is held.
 */
export class Tally {
  /** Met so far. */
  count = 0;
  /** By slot. */
  readonly weights: Float64Array;
  /** Slots in the order in which their places were met first. */
  private readonly order: Int32Array;
  /** By slot: place + 1, or 0. */
  private readonly places: Int32Array;
  private readonly shift: number;

  /** `most`: places that can be met in one search. */
  constructor(most: number) {
    this.shift = Math.clz32(ROOM * most) - 1;
    const slots = 2 ** (32 - this.shift);
    this.weights = new Float64Array(slots);
    this.places = new Int32Array(slots);
    this.order = new Int32Array(most);
  }

  /** Where the weight of the place is; 0 when it is met for the first time. */
  slotOf(place: number): number {
    const { places } = this;
    const last = places.length - 1;
    let slot = Math.imul(place, GOLDEN) >>> this.shift;
    for (let held = places[slot]!; held !== place + 1; held = places[slot]!) {
      if (held === 0) {
        places[slot] = place + 1;
        this.weights[slot] = 0;
        this.order[this.count++] = slot;
        break;
      }
      slot = (slot + 1) & last;
    }
    return slot;
  }

  /** Slot of the i-th that was met. */
  met(i: number): number {
    return this.order[i]!;
  }

  placeIn(slot: number): number {
    return this.places[slot]! - 1;
  }

  clear(): void {
    for (let i = 0; i < this.count; i++) this.places[this.order[i]!] = 0;
    this.count = 0;
  }
}
