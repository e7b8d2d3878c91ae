import { expect, it } from 'vitest';
import type { OperatorDeps, Out } from '../../src/core/operator.ts';
import { DataRecord } from '../../src/core/record.ts';
import { selectInput } from '../../src/topology/select-input.ts';
import { literalFormats } from './literal-operators.ts';

it('each record leaves by the port of its input', async () => {
  const codec = literalFormats('json');
  const record = (input: string, offset: number) =>
    new DataRecord({ source: { topic: input, partition: 0, input }, offset, payload: '{}', codec });
  const done: string[] = [];
  const out = { at: 0, emit: (port: number, one: DataRecord) => done.push(`${port}:${one.offset}`) } as unknown as Out; // all it uses
  const kernel = await selectInput(['left', 'right']).create({}, {} as OperatorDeps); // it uses none
  kernel.process([record('right', 1), record('left', 2)], new Float64Array(2), out);
  expect(done).toEqual(['1:1', '0:2']);
  expect(() => kernel.process([record('other', 3)], new Float64Array(1), out)).toThrow('names no input');
  expect(out.at).toBe(0);
});
