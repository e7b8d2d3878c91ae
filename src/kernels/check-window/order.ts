import { numberOf } from './readings.ts';

export const ORDERS = ['increasing', 'strictly-increasing', 'decreasing', 'strictly-decreasing'] as const;
export type Order = (typeof ORDERS)[number];

/** Keys remembered; the one not seen for longest goes first. */
const MAX_KEYS = 10_000;
/** Missing numbers of a sequence remembered a key, so that one that comes late fills its gap. */
const MAX_MISSING = 100;

type Last = number | string;

interface Memory {
  last: Last;
  /** Sequences: ranges of numbers not seen, [from, to], oldest first. */
  missing?: [number, number][];
}

export type SavedOrder = readonly (readonly [
  key: string,
  last: Last,
  missing: readonly (readonly [number, number])[],
])[];

/**
 * What the values before say of the next one, in order of arrival and for each key: whether it keeps the order, or how
 * many numbers of a sequence are missing between them. Numbers (and texts that are numbers) compare as numbers, other
 * texts by UTF-16 units (so instants in one format do too); a change of kind is no step.
 */
export class OrderMemory {
  /** Keys forgotten before their time. */
  evicted = 0;
  private readonly keys = new Map<string, Memory>();

  get size(): number {
    return this.keys.size;
  }

  /** Undefined: nothing to compare with. */
  keeps(value: unknown, key: string, order: Order): boolean | undefined {
    const now = comparable(value);
    if (now === undefined) return undefined;
    const known = this.keys.get(key);
    this.put(key, known, { last: now });
    if (known === undefined || typeof known.last !== typeof now) return undefined;
    switch (order) {
      case 'increasing':
        return now >= known.last;
      case 'strictly-increasing':
        return now > known.last;
      case 'decreasing':
        return now <= known.last;
      case 'strictly-decreasing':
        return now < known.last;
    }
  }

  /** Numbers newly missing (above 0), or filled (-1); undefined for what is no whole number. */
  gap(value: unknown, key: string): number | undefined {
    const now = numberOf(value);
    if (now === undefined || !Number.isSafeInteger(now)) return undefined;
    const known = this.keys.get(key);
    if (known === undefined) {
      this.put(key, known, { last: now, missing: [] });
      return 0;
    }
    const last = Number(known.last);
    const missing = known.missing ?? [];
    if (now > last) {
      if (now > last + 1) missing.push([last + 1, now - 1]);
      if (missing.length > MAX_MISSING) missing.shift();
      this.put(key, known, { last: now, missing });
      return now - last - 1;
    }
    return fill(missing, now) ? -1 : 0;
  }

  save(): SavedOrder {
    return [...this.keys].map(([key, { last, missing = [] }]) => [key, last, missing.map(([a, b]) => [a, b])]);
  }

  load(saved: SavedOrder): void {
    for (const [key, last, missing] of saved) this.keys.set(key, { last, missing: missing.map(([a, b]) => [a, b]) });
  }

  private put(key: string, known: Memory | undefined, memory: Memory): void {
    if (known !== undefined) this.keys.delete(key);
    else if (this.keys.size >= MAX_KEYS) {
      const oldest = this.keys.keys().next().value;
      if (oldest !== undefined) this.keys.delete(oldest);
      this.evicted++;
    }
    this.keys.set(key, memory);
  }
}

function comparable(value: unknown): Last | undefined {
  if (value === null || value === undefined) return undefined;
  return numberOf(value) ?? (typeof value === 'string' && value.length <= 200 ? value : undefined);
}

function fill(missing: [number, number][], number: number): boolean {
  const at = missing.findIndex(([from, to]) => number >= from && number <= to);
  if (at < 0) return false;
  const [from, to] = missing[at]!;
  const left: [number, number][] = [];
  if (from < number) left.push([from, number - 1]);
  if (number < to) left.push([number + 1, to]);
  missing.splice(at, 1, ...left);
  return true;
}
