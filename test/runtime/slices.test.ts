import { EMPTY } from 'rxjs';
import { expect, it } from 'vitest';
import type { Broker } from '../../src/core/broker.ts';
import type { ReaderOptions } from '../../src/core/codec.ts';
import type { RunObserver } from '../../src/core/observer.ts';
import { runPlan } from '../../src/runtime/run.ts';
import { planOfText } from '../support/topology.ts';

/** Whether the stage of these steps has its input read with slices. */
async function readsSlices(steps: string, { more = '', observer = {} as RunObserver } = {}): Promise<boolean> {
  const plan = await planOfText(
    `name: t\ninput: { topic: in, format: json, key: [id], eventTime: ts }\n${more}steps:\n${steps}\noutput: { topic: out }\n`,
  );
  const asked: (ReaderOptions | undefined)[] = [];
  const input = plan.stages[0]!.inputs[0]!;
  const { reader } = input.codec;
  const codec = {
    ...input.codec,
    reader: (options?: ReaderOptions) => {
      asked.push(options);
      return reader!(options);
    },
  };
  const broker = {
    name: 'memory',
    tasks: ([stage]: Parameters<Broker['tasks']>[0]) => {
      stage!.inputs[0]!.codec.reader?.();
      return EMPTY;
    },
  } as unknown as Broker; // nothing else is asked of it
  const stages = [{ ...plan.stages[0]!, inputs: [{ ...input, codec }] }];
  await runPlan({ plan: { ...plan, stages }, broker, observer });
  expect(asked).toHaveLength(1);
  return asked[0]?.slices === true;
}

const check = '  - { id: sane, use: check, with: { rules: [{ field: a, required: true }] } }';
const clean = '  - { id: tidy, use: clean, with: { fields: { a: [trim] } } }';
const dedup = (more = '') => `  - { id: once, use: dedup, with: { key: [id]${more} } }`;

it.each([check, clean, dedup(), [clean, check, dedup()].join('\n')])(
  'texts are slices where no step keeps one: %s',
  async (steps) => {
    expect(await readsSlices(steps)).toBe(true);
  },
);

it.each([
  dedup(', keep: last'),
  dedup(', sequence: n'),
  `${check}\n  - { id: settled, use: vote, with: { item: id, voter: v, label: a } }`,
  '  - { id: steady, use: detect-drift, with: { fields: { a: categorical } } }',
])('texts are copied where a step keeps them, or may: %s', async (steps) => {
  expect(await readsSlices(steps)).toBe(false);
});

it('texts are copied where values are kept beside the steps', async () => {
  expect(await readsSlices(check, { observer: { wantsSamples: true } })).toBe(false);
  expect(await readsSlices(check, { more: 'slices: { over: [a], against: quarantined }\n' })).toBe(false);
});
