import type { FieldSlot } from '../../core/field.ts';
import { hash32 } from '../../core/hash.ts';
import type { DataRecord } from '../../core/record.ts';
import { instantOf } from '../check/dates.ts';
import { ownText } from '../repair/cell.ts';
import { FeatureFrequencies } from './frequencies.ts';
import { closeness, editLikeness, jaroWinkler, type Likeness, round3, trigramLikeness } from './likeness.ts';
import { textOf } from './words.ts';

/** Longer texts are compared up to here: some comparisons cost the product of the lengths. */
const MAX_CHARS = 128;

/** Of a compared field: the text, and its share of the frequencies. */
const VALUE_BYTES = 60;

export interface FieldComparison {
  readonly slot: FieldSlot;
  readonly by: Likeness;
  /** Difference of numbers, or of dates in milliseconds, at which they are half alike. */
  readonly within: number;
  /** What it counts beside the likeness of the words, which counts 1. */
  readonly weight: number;
}

/**
 * Fields that are compared one by one, beside the words of the record.
 *
 * Idea: the mean of the likeness of the words and of each field that both have, by weight. Agreement on a value counts
 * the less the more records have it (term-frequency adjustment: two Smiths are little evidence, two Zbigniews much);
 * a difference counts in full. So likeness stays symmetric, between 0 and 1, and 1 of a record with itself.
 * Frequencies are those of the records held. Source: Fellegi & Sunter 1969; Winkler 1989 (frequencies).
 */
export class FieldComparisons {
  private readonly comparisons: readonly FieldComparison[];
  private readonly frequencies = new FeatureFrequencies();

  constructor(comparisons: readonly FieldComparison[]) {
    this.comparisons = comparisons;
  }

  /** What is compared of a record: a text a field, empty when it says nothing. */
  valuesOf(record: DataRecord): readonly string[] {
    return this.comparisons.map(({ slot, by }) => comparable(slot.get(record), by));
  }

  add(values: readonly string[]): void {
    this.frequencies.add(this.hashesOf(values));
  }

  remove(values: readonly string[]): void {
    this.frequencies.remove(this.hashesOf(values));
  }

  /** `alike`: how alike the words are. */
  combine(alike: number, a: readonly string[], b: readonly string[]): number {
    let [sum, weights] = [alike, 1];
    for (const [i, comparison] of this.comparisons.entries()) {
      const [x, y] = [a[i]!, b[i]!];
      if (x === '' || y === '') continue;
      const like = likenessOf(x, y, comparison);
      const agreement = comparison.weight * like * Math.min(this.rarity(i, x), this.rarity(i, y));
      sum += agreement;
      weights += agreement + comparison.weight * (1 - like);
    }
    return sum / weights;
  }

  /** How alike the fields are that both have, by name. */
  likenesses(a: readonly string[], b: readonly string[]): Readonly<Record<string, number>> {
    const found: (readonly [field: string, like: number])[] = [];
    for (const [i, comparison] of this.comparisons.entries())
      if (a[i] !== '' && b[i] !== '') found.push([comparison.slot.text, round3(likenessOf(a[i]!, b[i]!, comparison))]);
    return Object.fromEntries(found);
  }

  /** 1 of a value one record has, towards 0 the more have it. */
  private rarity(field: number, value: string): number {
    return Math.min(1, this.frequencies.weight(hashOf(field, value)) / this.frequencies.weightOfOne());
  }

  private hashesOf(values: readonly string[]): Int32Array {
    const hashes: number[] = [];
    for (const [i, value] of values.entries()) if (value !== '') hashes.push(hashOf(i, value));
    return Int32Array.from(hashes);
  }
}

/** Memory of the values of one record. */
export function bytesOfValues(values: readonly string[]): number {
  let bytes = 0;
  for (const value of values) bytes += VALUE_BYTES + 2 * value.length;
  return bytes;
}

function hashOf(field: number, value: string): number {
  return hash32(value, field + 1) | 0;
}

function comparable(value: unknown, by: Likeness): string {
  if (by === 'number') {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return typeof number === 'number' && Number.isFinite(number) ? String(number) : '';
  }
  if (by === 'date') {
    const instant = typeof value === 'string' ? instantOf(value.trim()) : undefined;
    return instant === undefined || Number.isNaN(instant) ? '' : String(instant);
  }
  return ownText(textOf(value).slice(0, MAX_CHARS));
}

function likenessOf(a: string, b: string, { by, within }: FieldComparison): number {
  if (a === b) return 1;
  switch (by) {
    case 'exact':
      return 0;
    case 'number':
    case 'date':
      return closeness(Number(a), Number(b), within);
    case 'edit':
      return editLikeness(a, b);
    case 'jaro-winkler':
      return jaroWinkler(a, b);
    case 'trigrams':
      return trigramLikeness(a, b);
  }
}
