import { filter, map, of, throwError, timer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Kernel, OperatorDeps, Out } from '../../src/core/operator.ts';
import { DataRecord } from '../../src/core/record.ts';
import { defineTopology, fromRx, parseTopology, planTopology } from '../../src/topology/index.ts';
import type { RxStep } from '../../src/topology/rx-kernel.ts';
import { literalFormats, literalOperators } from './literal-operators.ts';

const options = { operators: literalOperators, formats: literalFormats };

describe('defineTopology', () => {
  it('gives the plan of the same file in YAML', () => {
    const fromFile = parseTopology(
      'name: same\ninput: { topic: raw, key: [id] }\nsteps: [{ id: u, use: once, with: { key: [id], window: all } }]\noutput: { topic: out }',
      { file: 'x.yaml', folder: '/a' },
    );
    const fromCode = defineTopology(
      {
        name: 'same',
        input: { topic: 'raw', key: ['id'] },
        steps: [{ id: 'u', use: 'once', with: { key: ['id'], window: 'all' } }],
        output: { topic: 'out' },
      },
      { folder: '/a' },
    );
    expect(JSON.stringify(planTopology(fromCode, options))).toBe(JSON.stringify(planTopology(fromFile, options)));
  });

  it('is checked like a file', () => {
    const wrong = defineTopology({
      name: 'wrong',
      input: { topic: 'raw' },
      steps: [{ id: 'u', use: 'tidi' }],
      output: { topic: 'out' },
    });
    expect(() => planTopology(wrong, options)).toThrow('unknown operator `tidi`');
  });
});

const codec = literalFormats('json');
const source = { topic: 't', partition: 0 };
const record = (offset: number) => new DataRecord({ source, offset, payload: '{}', codec });

/** What a kernel did, as `at:port:offset`. */
async function run(step: RxStep, records: readonly DataRecord[], cut = records.length): Promise<string[]> {
  const done: string[] = [];
  const out = {
    at: -1,
    emit(port: number, one: DataRecord) {
      done.push(`${out.at}:${port}:${one.offset}`);
    },
  } as unknown as Out; // the wrapper uses nothing else
  const kernel: Kernel = await fromRx('mine', step).create({}, {} as OperatorDeps); // nor any of these
  for (let i = 0; i < records.length; i += cut) {
    const batch = records.slice(i, i + cut);
    try {
      kernel.process(batch, new Float64Array(batch.length), out);
    } catch (error) {
      done.push(`${out.at}:${error instanceof Error && 'code' in error ? error.code : error}`);
    }
  }
  return done;
}

const even: RxStep = (batch$) => batch$.pipe(map((records) => records.filter((one) => one.offset % 2 === 0)));

describe('fromRx', () => {
  const records = [0, 1, 2, 3].map(record);

  it('passes what the function gives and drops the rest, each under its own record', async () => {
    expect(await run(even, records)).toEqual(['0:0:0', '1:1:1', '2:0:2', '3:1:3']);
  });

  it('keeps the order of the input whatever order the function gives, and drafts stand for their record', async () => {
    const reverse: RxStep = (batch$) => batch$.pipe(map((batch) => batch.map((one) => one.edit()).reverse()));
    expect(await run(reverse, records)).toEqual(['0:0:0', '1:0:1', '2:0:2', '3:0:3']);
  });

  it('an error names the record it is about', async () => {
    const picky: RxStep = (batch$) =>
      batch$.pipe(
        map((batch) => {
          if (batch.some((one) => one.offset === 2)) throw new Error('no twos');
          return batch;
        }),
      );
    expect(await run(picky, records)).toEqual(['0:0:0', '1:0:1', '2:Error: no twos']);
    expect(await run(() => throwError(() => undefined), [record(0)])).toEqual(['0:Error: unknown']);
  });

  it('refuses an answer that comes later and a record from elsewhere', async () => {
    expect(await run(() => timer(10).pipe(map(() => [])), [record(0)])).toEqual(['0:rx-late']);
    expect(await run(() => of([record(9)]), [record(0)])).toEqual(['0:rx-foreign']);
  });

  it('a function that filters whole batches drops their records', async () => {
    expect(await run((batch$) => batch$.pipe(filter(() => false)), records.slice(0, 2))).toEqual(['0:1:0', '1:1:1']);
  });

  it('a name that no topology could write is refused', () => {
    expect(() => fromRx('My Step', even)).toThrow('expected a name like `my-step`');
  });

  it('is an operator that a topology can name', () => {
    const operators = new Map([...literalOperators, ['mine', fromRx('mine', even)]]);
    const topology = defineTopology({
      name: 'own',
      input: { topic: 'raw' },
      steps: [{ id: 'm', use: 'mine' }],
      output: { topic: 'out' },
    });
    expect(planTopology(topology, { ...options, operators }).stages[0]!.steps[0]!.operator.name).toBe('mine');
  });
});
