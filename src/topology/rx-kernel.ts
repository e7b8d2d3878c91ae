import { type Observable, of } from 'rxjs';
import { OperatorError } from '../core/errors.ts';
import type { Kernel, Out } from '../core/operator.ts';
import type { DataRecord } from '../core/record.ts';

/** A stateless step: what comes out is made of the records that go in, synchronously. */
export type RxStep = (batch$: Observable<readonly DataRecord[]>) => Observable<readonly DataRecord[]>;

const OUT = 0;
const DROPPED = 1;

/**
 * Runs an Rx function batch by batch. What leaves is put back into the order of the input, so that the cut of batches
 * does not show; after an error the records go through one by one, so that the error names the record it is about.
 */
export function rxKernel(name: string, step: RxStep): Kernel {
  const answer = (records: readonly DataRecord[]) => groupByRoot(name, records, runNow(name, step, records));
  return {
    process(records, _time, out) {
      let groups: readonly (readonly DataRecord[])[] | undefined;
      out.at = 0;
      try {
        groups = answer(records);
      } catch (error) {
        if (records.length === 1) throw error; // it is about this record
      }
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        emitGroup(records[i]!, groups?.[i] ?? answer([records[i]!])[0]!, out);
      }
    },
  };
}

function emitGroup(record: DataRecord, group: readonly DataRecord[], out: Out): void {
  if (group.length === 0) out.emit(DROPPED, record);
  for (const one of group) out.emit(OUT, one);
}

function runNow(name: string, step: RxStep, records: readonly DataRecord[]): readonly DataRecord[] {
  const result: DataRecord[] = [];
  const state: { done: boolean; error: unknown } = { done: false, error: undefined };
  const subscription = step(of(records)).subscribe({
    next: (batch) => {
      for (const record of batch) result.push(record);
    },
    error: (error) => {
      state.error = error ?? new Error('unknown');
    },
    complete: () => {
      state.done = true;
    },
  });
  subscription.unsubscribe();
  if (state.error !== undefined) throw state.error;
  if (!state.done)
    throw new OperatorError(`${name}: the Rx function did not answer at once; use no timers or promises in it`, {
      code: 'rx-late',
    });
  return result;
}

/** For each record of the batch what it became, in the order it was given. */
function groupByRoot(
  name: string,
  records: readonly DataRecord[],
  result: readonly DataRecord[],
): readonly (readonly DataRecord[])[] {
  const index = new Map(records.map((record, i) => [record.root ?? record, i]));
  const groups = records.map((): DataRecord[] => []);
  for (const record of result) {
    const i = index.get(record.root ?? record);
    if (i === undefined)
      throw new OperatorError(`${name}: the Rx function gave a record that was not in its batch; use record.edit()`, {
        code: 'rx-foreign',
      });
    groups[i]!.push(record);
  }
  return groups;
}
