import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from '../../src/core/operator.ts';
import { dedupNear } from '../../src/operators/dedup-near.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';
import { CollectOut, recordOf, runOperator, testDeps } from '../support/collect-out.ts';
import { namesOfFewWords } from '../support/few-words.ts';

const CASES = [
  { kind: 'text', fields: ['a', 'b'], action: 'drop', window: { records: 50 } },
  { kind: 'person', fields: ['a', 'b', 'c'], link: { source: 'd' }, into: 'pair' },
  { kind: 'place', fields: ['a', 'b'], window: '30s', into: 'cluster', threshold: 0.3 },
  { kind: 'publication', fields: ['a', 'b', 'c'], link: { source: 'd', oneToOne: false }, blockCap: 3 },
  { kind: 'text', fields: ['name'], into: 'cluster', threshold: 0.4, window: { records: 60 } },
];

for (const [index, config] of CASES.entries()) {
  describe(`dedup-near with configuration ${index}`, () => {
    for (const { name, run } of operatorContract(dedupNear as never, {
      config,
      ...(config.fields.includes('name') ? { rows: namesOfFewWords() } : {}),
    }))
      it(name, run);
  });
}

const THINGS = { kind: 'product', fields: ['name'], into: 'cluster' } as const;

async function clusters(config: object, rows: readonly object[]): Promise<unknown[]> {
  const out = await runOperator(dedupNear, config as never, rows);
  return out.port(0).map((record) => (record.data as { cluster?: unknown }).cluster);
}

describe('dedup-near', () => {
  it('names the record, the cluster, the score and the words that told', async () => {
    const rows = [{ name: 'Hume Router T963 black' }, { name: 'Acme Lamp K900 red' }, { name: 'HUME T963 router' }];
    const out = await runOperator(dedupNear, THINGS as never, rows);
    expect(out.port(0).map(({ data }) => (data as { cluster: string }).cluster)).toEqual([
      'test/0/0',
      'test/0/1',
      'test/0/0',
    ]);
    expect(out.findings).toMatchObject([
      {
        rule: 'near-duplicate',
        severity: 'info',
        observed: {
          duplicateOf: { topic: 'test', partition: 0, offset: 0 },
          cluster: 'test/0/0',
          score: expect.closeTo(0.8, 0),
          why: expect.arrayContaining(['t963', 'hume', 'router']),
        },
      },
    ]);
  });

  it('does not take two models of one maker for one product', async () => {
    const rows = [{ name: 'Hume Camera K591 white' }, { name: 'Hume Camera K596 white' }];
    expect(new Set(await clusters(THINGS, rows)).size).toBe(2);
  });

  it('sends near-duplicates to their port with action drop', async () => {
    const text =
      'the quick brown fox jumps over the lazy dog and runs away from the big bad wolf in the dark wood today';
    const rows = [{ t: text }, { t: `${text} again` }, { t: 'something else altogether' }];
    const out = await runOperator(dedupNear, { kind: 'text', fields: ['t'], action: 'drop' } as never, rows);
    expect(out.port(0).map(({ offset }) => offset)).toEqual([0, 2]);
    expect(out.port(1).map(({ offset }) => offset)).toEqual([1]);
  });

  it('tells the longest words two texts share, and the rarest two records share', async () => {
    const text = 'a b c of to it we saw the quick fox jump over one extraordinarily lazy bloodhound near our big wall';
    const texts = await runOperator(dedupNear, { kind: 'text', fields: ['t'] } as never, [
      { t: text },
      { t: `${text} x` },
    ]);
    expect(texts.findings).toMatchObject([{ observed: { why: ['extraordinarily', 'bloodhound', 'quick'] } }]);
    const names = ['common zeta long', 'common other', 'common another', 'common zeta long'];
    const records = await runOperator(
      dedupNear,
      { ...THINGS, kind: 'person', threshold: 0.9 } as never,
      names.map((name) => ({ name })),
    );
    expect(records.findings).toMatchObject([{ observed: { why: ['long', 'zeta', 'common'] } }]);
  });

  it('drops what is surely the same, and lets what is only near pass with its finding', async () => {
    const rows = [{ n: 'mary ann smith' }, { n: 'mary anne smith' }, { n: 'mary ann smith' }];
    const told = async (over: object): Promise<unknown[]> => {
      const out = await runOperator(
        dedupNear,
        { kind: 'person', fields: ['n'], action: 'drop', ...over } as never,
        rows,
      );
      const scores = out.findings.map(({ observed }) => (observed as { score: number }).score);
      return [scores, out.port(0).map(({ offset }) => offset), out.port(1).map(({ offset }) => offset)];
    };
    const [scores] = await told({ threshold: 0.3 });
    const [near, same] = scores as [number, number];
    expect([near < 0.95, same]).toEqual([true, 1]);
    expect(await told({ threshold: 0.3, dropFrom: near + 0.01 })).toEqual([scores, [0, 1], [2]]);
    expect(await told({ threshold: 0.3, dropFrom: near - 0.01 })).toEqual([scores, [0], [1, 2]]);
    expect(await told({ threshold: 0.3 })).toEqual([scores, [0], [1, 2]]);
  });

  it('says of texts that are half the same that they are related, and leaves them apart', async () => {
    // by their 3-grams: 21 of 33 and 15 of 33
    const rows = [{ t: 'acme garden chair green' }, { t: 'acme garden chair seat green wood' }];
    const far = [rows[0]!, { t: 'acme garden seat green wood' }];
    const run = (over: object, data: readonly object[]) =>
      runOperator(dedupNear, { kind: 'text', fields: ['t'], into: 'cluster', ...over } as never, data);
    const related = await run({}, rows);
    expect(related.findings).toEqual([
      {
        rule: 'near-related',
        severity: 'info',
        dimension: 'uniqueness',
        observed: {
          relatedTo: { topic: 'test', partition: 0, offset: 0 },
          score: 0.636,
          why: expect.arrayContaining(['garden']),
        },
      },
    ]);
    expect(related.port(0).map(({ data }) => (data as { cluster: string }).cluster)).toEqual(['test/0/0', 'test/0/1']);
    expect((await run({ action: 'drop' }, rows)).port(1)).toEqual([]);
    expect((await run({}, far)).findings).toEqual([]);
    expect((await run({ related: 0.45 }, far)).findings).toMatchObject([{ rule: 'near-related' }]);
    expect((await run({ related: 'off' }, rows)).findings).toEqual([]);
  });

  it('refuses likenesses that would never be met', () => {
    const codes = (config: object) =>
      dedupNear.validate!({ kind: 'text', fields: ['t'], ...config } as never).map(({ code }) => code);
    expect(codes({ related: 0.8 })).toEqual(['near-related']);
    expect(codes({ related: 0.7, action: 'merge' })).toEqual(['near-related']);
    expect(codes({ related: 0.4, link: { source: 's' } })).toEqual(['near-related']);
    expect(codes({ dropFrom: 0.9 })).toEqual(['near-dropFrom']);
    expect(codes({ dropFrom: 0.9, action: 'drop', related: 0.7 })).toEqual([]);
  });

  it('gives a partner to whoever is more like it, and says so', async () => {
    const rows = [
      { s: 'x', name: 'green garden chair wood' },
      { s: 'y', name: 'green garden table' },
      { s: 'y', name: 'green garden chair wood' },
    ];
    const config = { ...THINGS, kind: 'place', link: { source: 's' }, threshold: 0.3 };
    const out = await runOperator(dedupNear, config as never, rows);
    expect(out.events).toEqual([
      {
        type: 'cluster.split',
        data: {
          cluster: 'test/0/0',
          origin: { topic: 'test', partition: 0, offset: 1 },
          from: { topic: 'test', partition: 0, offset: 0 },
        },
      },
    ]);
    expect(out.port(0).map(({ data }) => (data as { cluster: string }).cluster)).toEqual([
      'test/0/0',
      'test/0/0',
      'test/0/0',
    ]);
  });

  it('says which clusters turned out to be one, and which records came over', async () => {
    const rows = namesOfFewWords().map(({ value }) => value);
    const out = await runOperator(dedupNear, CASES[4] as never, rows);
    const of = (type: string, key: string) => out.events.filter(({ type: t, data }) => t === type && key in data);
    const [unions, arrivals, departures] = [
      of('cluster.merged', 'from'),
      of('cluster.merged', 'with'),
      of('cluster.split', 'origin'),
    ];
    expect(unions.length).toBeGreaterThan(1);
    expect(arrivals.length).toBeGreaterThan(5);
    expect(departures.map(({ data }) => data.origin)).toEqual(arrivals.map(({ data }) => data.origin));
  });

  it('never compares records of one list', async () => {
    const rows = [
      { s: 'x', name: 'green garden chair' },
      { s: 'x', name: 'green garden chair' },
    ];
    expect(new Set(await clusters({ ...THINGS, link: { source: 's' } }, rows)).size).toBe(2);
  });

  it('does not show words of redacted fields', async () => {
    const rows = [{ name: 'secret name here' }, { name: 'secret name here' }];
    const out = await runOperator(dedupNear, THINGS as never, rows, { redact: ['name'] });
    expect(out.findings).toMatchObject([{ observed: { why: [] } }]);
  });

  it('does not depend on the order of fields', async () => {
    const rows = [
      { a: 'mary smith', b: '12 high street' },
      { a: 'mary smith', b: '12 hihg street' },
      { a: 'john doe', b: '9 low road' },
    ];
    const of = (fields: string[]) => runOperator(dedupNear, { kind: 'person', fields } as never, rows);
    const scores = (out: CollectOut) => out.findings.map(({ observed }) => (observed as { score: number }).score);
    expect(scores(await of(['a', 'b']))).toEqual(scores(await of(['b', 'a'])));
    expect(scores(await of(['a', 'b']))).toHaveLength(1);
  });
});

describe('dedup-near and hostile input', () => {
  it('passes records without text on as they are', async () => {
    const rows = [{ name: '' }, { name: '   ' }, { name: null }, {}, { name: { deep: 1 } }];
    const out = await runOperator(dedupNear, { kind: 'person', fields: ['name'] } as never, rows);
    expect(out.port(0)).toHaveLength(rows.length);
    expect(out.findings).toEqual([]);
  });

  it('takes look-alike forms of characters for the same, and other scripts for others', async () => {
    const rows = [{ name: 'ＡＢＣ  drill ﬁne' }, { name: 'abc drill fine' }, { name: 'аьс дрель' }];
    expect(await clusters(THINGS, rows)).toEqual(['test/0/0', 'test/0/0', 'test/0/2']);
  });

  for (const kind of ['text', 'product'] as const)
    it(`reads ${kind} of a megabyte`, async () => {
      const long = Array.from({ length: 150_000 }, (_, i) => `w${i % 9000}`).join(' ');
      const out = await runOperator(dedupNear, { kind, fields: ['t'] } as never, [{ t: long }, { t: `${long} end` }]);
      expect(out.findings).toHaveLength(1);
    });

  for (const [what, over] of [
    ['with action flag', {}],
    ['with action merge', { action: 'merge' }],
    ['with one key for all', { keys: ['zip'], compare: [{ field: 'zip', by: 'edit' }] }],
  ] as const)
    it(`costs the same a record however many are equal, or share a word, ${what}`, () => {
      const cost = (count: number): number => {
        const kernel = dedupNear.create({ ...THINGS, ...over, blockCap: 400 } as never, testDeps());
        if (kernel instanceof Promise) throw new Error('made at once');
        const out = new CollectOut();
        const feed = (from: number, to: number): number => {
          const rows = Array.from({ length: to - from }, (_, i) =>
            recordOf({ name: i % 2 === 0 ? 'the same thing' : `the other thing${from + i}`, zip: '1' }, from + i),
          );
          const before = process.cpuUsage();
          kernel.process(rows, new Float64Array(rows.length).fill(Number.NaN), out);
          return process.cpuUsage(before).user;
        };
        feed(0, count - 1000);
        return feed(count - 1000, count);
      };
      cost(2000);
      expect(cost(10_000)).toBeLessThan(4 * cost(3000) + 50_000);
    }, 60_000);

  it('forgets the oldest beyond its bound, with an event', () => {
    const deps = { ...testDeps(), limits: { ...DEFAULT_LIMITS, maxStateBytes: 20_000 } };
    const kernel = dedupNear.create(THINGS as never, deps);
    if (kernel instanceof Promise) throw new Error('made at once');
    const out = new CollectOut();
    const rows = Array.from({ length: 300 }, (_, i) => recordOf({ name: `thing${i * 7919} of${i}` }, i));
    kernel.process(rows, new Float64Array(rows.length).fill(Number.NaN), out);
    expect(out.events[0]).toMatchObject({ type: 'state.evicted', data: { bound: 'maxStateBytes' } });
    expect(kernel.stats?.().bytes).toBeLessThanOrEqual(20_000);
  });
});
