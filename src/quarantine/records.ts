import { attemptHeader } from '../core/outgoing-headers.ts';
import { DataRecord, fixedHeaders, type Headers, type RecordSource } from '../core/record.ts';
import { csvCodec } from '../formats/csv/codec.ts';
import type { CsvOptions } from '../formats/csv/options.ts';
import { jsonCodec } from '../formats/json/codec.ts';
import type { InputPlan, Plan } from '../topology/plan.ts';
import type { ReplayRecord } from './replay-set.ts';

/** The input a record came by; undefined when the topology no longer reads its topic. */
export function inputOf(plan: Plan, topic: string): InputPlan | undefined {
  return plan.stages[0]?.inputs.find((input) => input.topics.includes(topic));
}

/** Records as the source stage gets them, by topic: with the origin they had, and how often they were refused. */
export function dataRecords(plan: Plan, records: readonly ReplayRecord[]): ReadonlyMap<string, readonly DataRecord[]> {
  const byTopic = new Map<string, DataRecord[]>();
  for (const record of records) {
    const input = inputOf(plan, record.origin.topic);
    if (input === undefined) continue; // left out when the set was chosen
    const list = byTopic.get(record.origin.topic) ?? [];
    byTopic.set(record.origin.topic, list);
    list.push(dataRecord(record, input));
  }
  return byTopic;
}

function dataRecord(record: ReplayRecord, input: InputPlan): DataRecord {
  const { origin, value, key, timestamp } = record;
  const source: RecordSource = {
    topic: origin.topic,
    partition: origin.partition,
    ...(input.name === undefined ? {} : { input: input.name }),
    ...(origin.part === undefined ? {} : { part: origin.part }),
    ...(origin.record === undefined ? {} : { partStart: origin.offset - origin.record }),
  };
  return new DataRecord({
    source,
    offset: origin.offset,
    index: origin.index ?? -1,
    payload: value,
    codec: codecOf(record, input),
    key,
    timestamp,
    headers: headersOf(record),
  });
}

/** A csv row needs its columns; a row that was fixed is JSON. */
export function codecOf({ columns }: Pick<ReplayRecord, 'columns'>, input: InputPlan) {
  if (input.format !== 'csv' && input.format !== 'tsv') return input.codec;
  return columns === undefined ? jsonCodec() : csvCodec((input.csv ?? {}) as CsvOptions, columns); // checked by the topology's schema
}

function headersOf(record: ReplayRecord): Headers {
  return fixedHeaders([...record.headers, attemptHeader(record.attempt)]);
}
