import { expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import type { Kernel } from '../../../src/core/operator.ts';
import type { StatePart } from '../../../src/core/state.ts';
import { dedupNear } from '../../../src/operators/dedup-near.ts';
import { CollectOut, recordOf, testDeps } from '../../support/collect-out.ts';

const WORDS = ['green', 'garden', 'chair', 'wood', 'table', 'oak', 'small', 'round'];

/** Things of two lists, most of them alike, so that blocks are overfull and partners change. */
const rows = Array.from({ length: 240 }, (_, i) => ({
  side: uniform(1, i) < 0.5 ? 'a' : 'b',
  name: [2, 3, 4, 5].map((n) => WORDS[Math.floor(uniform(n, i) ** 2 * WORDS.length)]).join(' '),
}));

function make(config: object): Kernel {
  const kernel = dedupNear.create(
    { kind: 'place', fields: ['name'], into: 'c', threshold: 0.3, ...config } as never,
    testDeps(),
  );
  if (kernel instanceof Promise) throw new Error('made at once');
  return kernel;
}

/** What leaves, with a checkpoint and a new kernel after every `every` records. */
function run(config: object, every: number): unknown {
  const out = new CollectOut();
  const parts = new Map<string, StatePart>();
  let kernel = make(config);
  for (const [i, row] of rows.entries()) {
    kernel.process([recordOf(row, i)], Float64Array.of(i), out);
    if ((i + 1) % every !== 0 || i + 1 === rows.length) continue;
    const { put, drop } = kernel.checkpoint!();
    for (const part of put) parts.set(part.name, part);
    for (const name of drop) parts.delete(name);
    kernel = make(config);
    for (const part of [...parts.values()].reverse()) kernel.restore!(part);
  }
  const data = out.emissions.map(({ record }) => record.data);
  return { data, findings: out.findings, events: out.events, left: kernel.stats?.().gauges };
}

for (const [name, config] of Object.entries({
  'one-to-one': { link: { source: 'side' }, blockCap: 3 },
  'one-to-one in a window': { link: { source: 'side' }, blockCap: 3, window: { records: 40 } },
  clusters: { blockCap: 2, window: { records: 30 } },
}))
  it(`${name}: overfull blocks and partners are the same after restores`, () => {
    const whole = run(config, rows.length + 1) as { events: unknown[]; left: { value: number }[] };
    expect(whole.left[0]!.value).toBeGreaterThan(rows.length);
    if (name !== 'clusters') expect(whole.events.length).toBeGreaterThan(10);
    for (const every of [1, 2, 5, 17]) expect(run(config, every)).toEqual(whole);
  });
