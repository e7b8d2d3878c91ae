import { Type } from '@sinclair/typebox';
import { describe, expect, it } from 'vitest';
import type { Kernel, Operator, Out } from '../../src/core/operator.ts';
import type { DataRecord } from '../../src/core/record.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';

type Body = (records: readonly DataRecord[], out: Out, memory: { count: number; kept: DataRecord[] }) => void;

/** An operator with one fault each, to see that the contract notices. */
function broken(
  body: Body,
  more: (memory: { count: number; kept: DataRecord[] }) => Partial<Kernel> = () => ({}),
): Operator {
  return {
    name: 'broken',
    summary: 'a planted fault',
    config: Type.Object({}),
    example: {},
    ports: () => [{ name: 'out', fate: 'pass' }],
    scope: () => 'partition',
    fields: () => ({ reads: ['id'] }),
    create: () => {
      const memory = { count: 0, kept: [] as DataRecord[] };
      return { process: (records, _time, out) => body(records, out, memory), ...more(memory) };
    },
  };
}

/** Names of the promises that are broken, without the operator's name. */
async function brokenPromises(operator: Operator): Promise<string[]> {
  const failed: string[] = [];
  for (const { name, run } of operatorContract(operator)) await run().catch(() => failed.push(name.split(' ')[1]!));
  return failed;
}

const pass: Body = (records, out) => {
  for (let i = 0; i < records.length; i++) {
    out.at = i;
    out.emit(0, records[i]!);
  }
};

describe('operator contract', () => {
  it('has nothing to say about an operator that passes records on', async () => {
    expect(await brokenPromises(broken(pass))).toEqual([]);
  });

  it('notices an operator that goes by the batch', async () => {
    const byBatch: Body = (records, out, memory) => {
      pass(records, out, memory);
      out.event('batch', { n: records.length });
    };
    expect(await brokenPromises(broken(byBatch))).toEqual(['says', 'goes']);
  });

  it('notices state that is not in the checkpoint', async () => {
    const forgetful: Body = (records, out, memory) => {
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        if (++memory.count % 10 === 0) out.event('tenth', {});
        out.emit(0, records[i]!);
      }
    };
    expect(await brokenPromises(broken(forgetful))).toEqual(['goes']);
  });

  it('notices a lost record', async () => {
    const losing: Body = (records, out) => {
      for (let i = 1; i < records.length; i++) {
        out.at = i;
        out.emit(0, records[i]!);
      }
    };
    expect(await brokenPromises(broken(losing))).toContain('emits');
  });

  it('notices a changed input', async () => {
    const changing: Body = (records, out) => {
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        Reflect.set(Object(records[i]!.data), 'id', 'changed');
        out.emit(0, records[i]!);
      }
    };
    expect(await brokenPromises(broken(changing))).toContain('leaves');
  });

  it('notices state that changed before the throw', async () => {
    const early: Body = (records, out, memory) => {
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        if (++memory.count % 7 === 0) out.event('seventh', {});
        void records[i]!.data;
        out.emit(0, records[i]!);
      }
    };
    expect(await brokenPromises(broken(early))).toContain('goes');
  });

  it('notices state without a bound', async () => {
    const hoarding: Body = (records, out, memory) => {
      memory.count += records.length * 1000;
      pass(records, out, memory);
    };
    const stats = (memory: { count: number }) => ({ stats: () => ({ entries: 0, bytes: memory.count }) });
    expect(await brokenPromises(broken(hoarding, stats))).toEqual(['keeps']);
  });
});
