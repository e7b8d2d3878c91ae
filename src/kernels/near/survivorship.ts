import type { FieldSlot } from '../../core/field.ts';
import type { DataRecord } from '../../core/record.ts';

/** Which of the values of a field the golden record has. */
export const SURVIVORSHIP_RULES = ['most-complete', 'newest', 'source-priority'] as const;
export type SurvivorshipRule = (typeof SURVIVORSHIP_RULES)[number];

export interface Survivorship {
  /** Of the fields that `fields` does not name. */
  readonly fallback: SurvivorshipRule;
  readonly fields: ReadonlyMap<string, SurvivorshipRule>;
  /** Names who a record is from, for `source-priority`. */
  readonly source: FieldSlot | undefined;
  /** Place of a source in the list, best first. */
  readonly places: ReadonlyMap<string, number>;
}

/** Higher is better, compared from left to right; the last number is the arrival, so no two are equal. */
export type Rank = readonly number[];

export interface Survivor {
  readonly value: unknown;
  readonly rank: Rank;
  /** Id of the record it is from. */
  readonly from: string;
  /** Characters of a text, 8 of a number, about as many as its JSON has of anything else. */
  readonly size: number;
}

/**
 * The top-level fields of a record with the rank of each value among those of its cluster.
 *
 * The better of two is their maximum, so what survives does not depend on the order in which they are compared.
 * A filled value is always better than an empty one. Complete is a record, not a value: parts of one name stay
 * together. `arrival`: number of the record, growing.
 */
export function survivorsOf(
  record: DataRecord,
  rules: Survivorship,
  { id, arrival }: { readonly id: string; readonly arrival: number },
): Map<string, Survivor> {
  const found = new Map<string, Survivor>();
  const { data } = record;
  if (data === null || typeof data !== 'object') return found;
  const fields = Object.entries(data);
  const amounts = fields.map(([, value]) => amountOf(value));
  const filled = amounts.filter((amount) => amount > 0).length;
  const said = amounts.reduce((sum, amount) => sum + amount, 0);
  const place = placeOf(record, rules);
  const time = timeOf(record);
  for (const [i, [name, value]] of fields.entries()) {
    const has = amounts[i]! > 0 ? 1 : 0;
    let rank: Rank;
    switch (rules.fields.get(name) ?? rules.fallback) {
      case 'most-complete':
        rank = [has, filled, said, -arrival];
        break;
      case 'newest':
        rank = [has, time, arrival];
        break;
      case 'source-priority':
        rank = [has, -place, filled, said, -arrival];
        break;
    }
    found.set(name, { value, rank, from: id, size: sizeOf(value) });
  }
  return found;
}

export function isBetter(a: Rank, b: Rank): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! > b[i]!;
  return false;
}

/** How much a value says: characters of a text, elements of a list, fields of an object that say something; 0: nothing. */
function amountOf(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === 'string') return value.trim().length;
  if (typeof value !== 'object') return 1;
  let amount = 0;
  for (const part of Object.values(value)) if (amountOf(part) > 0) amount++;
  return amount;
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? JSON.stringify(value).length : 8;
}

/** Sources that are not listed come after those that are. */
function placeOf(record: DataRecord, { source, places }: Survivorship): number {
  return places.get(String(source?.get(record))) ?? places.size;
}

/** Its own time, else when it came by the clock of the stream. */
function timeOf({ eventTime, time }: DataRecord): number {
  const own = Number.isNaN(eventTime) ? time : eventTime;
  return Number.isNaN(own) ? Number.NEGATIVE_INFINITY : own;
}
