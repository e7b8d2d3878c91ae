import { compileField } from '../core/field.ts';
import { murmur2 } from '../core/murmur2.ts';
import { type DataRecord, fixedHeaders, type Headers } from '../core/record.ts';
import type { SinkPlan } from '../topology/plan.ts';
import { keyBytes } from './keys.ts';

/** How a record leaves by a sink with `key` or `headers`; undefined: as it came. One without a value has no fields and keeps its key. */
export function leavingRecord({
  key,
  headers,
}: Pick<SinkPlan, 'key' | 'headers'>): ((record: DataRecord) => DataRecord) | undefined {
  if (key === undefined && headers === undefined) return undefined;
  const slots = key?.map(compileField);
  const names = headers === undefined ? undefined : new Set(headers);
  return (record) =>
    record.leaving({
      ...(slots === undefined || record.isTombstone ? {} : { key: keyBytes(record, slots) }),
      ...(names === undefined ? {} : { headers: chosen(record.headers, names) }),
    });
}

function chosen(headers: Headers, names: ReadonlySet<string>): Headers {
  if (headers.size === 0) return headers;
  return fixedHeaders(names.size === 0 ? [] : headers.entries().filter(({ name }) => names.has(name)));
}

/** `partitionBy`: the partition that a key of these fields would have, whatever their number; -1 where all fields are missing. */
export function partitionsBy(fields: readonly string[]): (records: readonly DataRecord[]) => Int32Array {
  const slots = fields.map(compileField);
  return (records) =>
    Int32Array.from(records, (record) => {
      const key = record.isTombstone ? null : keyBytes(record, slots);
      return key === null ? -1 : murmur2(key) & 0x7fffffff;
    });
}
