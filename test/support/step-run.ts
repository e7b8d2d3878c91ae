import type { Operator } from '../../src/core/operator.ts';
import { CollectOut, recordOf, testDeps } from './collect-out.ts';

export type StepEvent = CollectOut['events'][number];

/** Runs an operator over values to the end of the input. `timeOf`: stream time at record i, ms. */
export async function runStep<C>(
  operator: Operator<C>,
  config: C,
  data: readonly unknown[],
  { timeOf = () => Number.NaN, redact = [] }: { timeOf?: (i: number) => number; redact?: readonly string[] } = {},
): Promise<CollectOut> {
  const kernel = await operator.create(config, testDeps({ redact }));
  const out = new CollectOut();
  const records = data.map((value, i) => recordOf(value, i));
  const time = Float64Array.from(records, (_, i) => timeOf(i));
  for (const [i, record] of records.entries()) record.eventTime = time[i]!;
  kernel.process(records, time, out);
  out.at = records.length;
  kernel.onTick?.({ kind: 'end', time: time.at(-1) ?? Number.NaN }, out);
  return out;
}
