import { hash32, uniform } from '../core/hash.ts';
import type { Operator } from '../core/operator.ts';
import { DataRecord } from '../core/record.ts';
import { jsonCodec } from './json-codec.ts';

export interface ContractRecord {
  readonly value: unknown;
  /** Event time, milliseconds. */
  readonly eventTime: number;
}

const START_MS = 1_767_225_600_000;
const SOURCE = { topic: 'contract.in', partition: 0 };

/** Values that occur in fields: few enough to repeat, mixed enough to be rude. */
function sampleValue(field: string, row: number): unknown {
  const draw = uniform(hash32(field), row);
  const small = Math.floor(draw * 97) % 7;
  switch (Math.floor(draw * 12)) {
    case 0:
      return null;
    case 1:
      return undefined;
    case 2:
      return '';
    case 3:
      return `  Value ${small} `;
    case 4:
      return String(small * 1.5);
    case 5:
      return new Date(START_MS + row * 1000).toISOString();
    case 6:
      return small % 2 === 0;
    case 7:
      return `v${small}`;
    case 8:
      return -small / 3;
    default:
      return small;
  }
}

/** Records for the fields an operator reads and writes: repeated, missing, null and mixed values, times out of order. */
export function sampleRecords(operator: Operator, config: unknown, count: number): readonly ContractRecord[] {
  const use = operator.fields?.(config);
  const fields = [...new Set([...(use?.reads ?? []), ...(use?.writes ?? []), 'id', 'value'])];
  return Array.from({ length: count }, (_, row) => {
    const value: Record<string, unknown> = {};
    for (const field of fields) put(value, field, sampleValue(field, row));
    const wobble = Math.floor(uniform(7, row) * 5000);
    return { value, eventTime: START_MS + row * 1000 - wobble };
  });
}

function put(target: Record<string, unknown>, field: string, value: unknown): void {
  if (value === undefined) return;
  const path = field.startsWith('/') ? field.slice(1).split('/') : field.replaceAll('[]', '').split('.');
  let node = target;
  for (const name of path.slice(0, -1)) {
    const child = Object.hasOwn(node, name) ? node[name] : undefined;
    const next: Record<string, unknown> = typeof child === 'object' && child !== null ? { ...child } : {};
    node[name] = next;
    node = next;
  }
  node[path.at(-1) ?? field] = field.endsWith('[]') ? [value] : value;
}

/** Fresh records of one partition with the stream time at each. */
export function recordsOf(rows: readonly ContractRecord[]): { records: DataRecord[]; time: Float64Array } {
  const time = new Float64Array(rows.length);
  let now = Number.NEGATIVE_INFINITY;
  const records = rows.map(({ value, eventTime }, offset) => {
    now = Math.max(now, eventTime);
    time[offset] = now;
    const payload = JSON.stringify(value);
    const record = new DataRecord({ source: SOURCE, offset, payload, codec: jsonCodec, timestamp: eventTime });
    record.eventTime = eventTime;
    record.time = now;
    return record;
  });
  return { records, time };
}
