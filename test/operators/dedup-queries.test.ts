import { readFileSync } from 'node:fs';
import { Value } from '@sinclair/typebox/value';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/formats/index.ts';
import { dedupQueries } from '../../src/operators/dedup-queries.ts';
import { operatorRegistry } from '../../src/operators/index.ts';
import type { ContractRecord } from '../../src/testing/contract-input.ts';
import { type KernelRunOptions, runKernel } from '../../src/testing/kernel-run.ts';
import { operatorContract } from '../../src/testing/operator-contract.ts';
import { TopologyDriver } from '../../src/testing/topology-driver.ts';
import { defineTopology, planTopology } from '../../src/topology/index.ts';
import { describeWithData } from '../data.ts';
import { Dice, randomQuery } from '../kernels/query/sql-model.ts';
import { REWRITES, write } from '../kernels/query/sql-writer.ts';

type Config = Parameters<typeof dedupQueries.create>[0];

function configOf(config: Partial<Config>): Config {
  const full: unknown = Value.Default(dedupQueries.config, { query: 'sql', window: 'all', ...config });
  if (!Value.Check(dedupQueries.config, full)) throw new Error(`bad config ${JSON.stringify(config)}`);
  return full as Config; // checked above
}

/** One record a second. */
function rows(values: readonly unknown[]): ContractRecord[] {
  return values.map((value, i) => ({
    value: typeof value === 'string' ? { sql: value } : value,
    eventTime: 1_700_000_000_000 + i * 1000,
  }));
}

async function said(
  config: Partial<Config>,
  records: readonly ContractRecord[],
  over: Partial<KernelRunOptions> = {},
): Promise<readonly string[]> {
  const { out } = await runKernel({ operator: dedupQueries, config: configOf(config), rows: records, cut: 3, ...over });
  return out.said;
}

interface Left {
  readonly port: string;
  readonly offset: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/** What left, in order. */
async function run(config: Partial<Config>, records: readonly ContractRecord[]): Promise<Left[]> {
  const lines = await said(config, records);
  return lines.flatMap((line) => {
    const match = /emit (\S+) (\{.*\})$/.exec(line);
    if (match === null) return [];
    const { offset, value } = JSON.parse(match[2] ?? '');
    return [{ port: match[1] ?? '', offset, value: JSON.parse(value) }];
  });
}

describe('what people look at', () => {
  const SQL = 'select a from t';
  const groups = async (redact: readonly string[]) => {
    const run = {
      operator: dedupQueries,
      config: configOf({}),
      rows: rows([SQL, 'SELECT a FROM t', SQL]),
      cut: 1,
      redact,
    };
    return (await runKernel(run)).kernel.inspect!().groups;
  };

  it('are the queries asked most, as they were first and last written', async () => {
    expect(await groups([])).toMatchObject([
      {
        count: 2,
        error: 0,
        first: SQL,
        members: [
          { text: 'SELECT a FROM t', note: 'algebra' },
          { text: SQL, note: 'text' },
        ],
      },
    ]);
  });

  it('is nothing when the text of queries is redacted', async () => {
    expect(await groups(['sql'])).toBeUndefined();
  });
});

/** `out`, `duplicates 0 text`, `bypass now`, … one word a record. */
async function fates(config: Partial<Config>, values: readonly unknown[]): Promise<string[]> {
  const left = await run(config, rows(values));
  return left.map(({ port, value }) => {
    if (port === 'duplicates') return `of ${String(value.duplicateOf).split('/').at(-1)} ${value.recognizedBy}`;
    return port === 'bypass' ? `bypass ${value.reason}` : port;
  });
}

describe('dedup-queries', () => {
  it('sends the first of each question to out and names it in its repetitions', async () => {
    expect(
      await fates({}, [
        'SELECT a FROM t WHERE b = 1',
        'SELECT a FROM t WHERE b = 2',
        'select x.a from t x where 1 = x.b',
        'SELECT a FROM t WHERE b = 1',
        'select x.a from t x where 1 = x.b',
      ]),
    ).toEqual(['out', 'out', 'of 0 algebra', 'of 0 text', 'of 0 text']);
  });

  it('names the level that recognized it', async () => {
    const texts = ['SELECT a FROM t', 'select  A from T', 'SELECT t.a FROM t', 'SELECT a FROM t '];
    expect(await fates({ level: 'syntax' }, texts)).toEqual(['out', 'of 0 syntax', 'out', 'of 0 syntax']);
    expect(await fates({ level: 'text' }, texts)).toEqual(['out', 'out', 'out', 'of 0 text']);
    expect(await fates({ dialect: 'other' }, texts)).toEqual(['out', 'out', 'out', 'of 0 text']);
  });

  it('uses a catalog at level schema', async () => {
    const catalog = { users: ['id', 'name'], orders: ['user_id', 'total'] };
    const { out } = await runKernel({
      operator: dedupQueries,
      config: configOf({ level: 'schema', catalog: 'catalog.json' }),
      rows: rows([
        'SELECT name FROM users JOIN orders ON user_id = id',
        'SELECT u.name FROM orders o JOIN users u ON o.user_id = u.id',
      ]),
      cut: 9,
      readFile: async () => new TextEncoder().encode(JSON.stringify(catalog)),
    });
    expect(out.said.filter((line) => line.includes('emit duplicates'))).toHaveLength(1);
  });

  it.each(['[]', '{"t": 1}', '{"t": [1]}', 'no json'])('refuses the catalog %s', async (text) => {
    const config = configOf({ level: 'schema', catalog: 'catalog.json' });
    const readFile = async () => new TextEncoder().encode(text);
    await expect(runKernel({ operator: dedupQueries, config, rows: [], cut: 1, readFile })).rejects.toThrow(
      'catalog.json',
    );
  });

  it('never takes queries of two tenants, roles, settings, parameters or versions for one', async () => {
    const sql = 'SELECT a FROM t WHERE b = $1';
    for (const field of ['tenant', 'role', 'searchPath', 'settings', 'params', 'version']) {
      const values = [1, '1', null, undefined, 1, { x: 1 }, { x: '1' }].map((value) => ({ sql, [field]: value }));
      expect([field, await fates({ [field]: field }, values)]).toEqual([
        field,
        ['out', 'out', 'out', 'out', 'of 0 text', 'out', 'out'],
      ]);
    }
  });

  it('bypasses what may answer differently, with the reason, each time', async () => {
    const left = await fates({ params: 'params' }, [
      'SELECT now()',
      'SELECT now()',
      'DELETE FROM t',
      'nonsense',
      { sql: 'SELECT a FROM t WHERE b = $1', params: [2 ** 53] },
      { sql: 'SELECT a FROM t WHERE b = $1', params: ['now'] },
    ]);
    expect(left).toEqual([
      'bypass volatile-function',
      'bypass volatile-function',
      'bypass not-a-select',
      'bypass unparsable',
      'bypass unkeyable-context',
      'bypass volatile-value',
    ]);
  });

  it('rejects a record whose query is no text', async () => {
    expect(await fates({}, [{ sql: 1 }, { other: 'SELECT 1' }, { sql: null }])).toEqual([
      'rejected',
      'rejected',
      'rejected',
    ]);
  });

  it('passes JSON bodies by RFC 8785', async () => {
    const bodies = ['{"a":1,"b":[1,2]}', '{ "b": [1.0, 2], "a": 1e0 }', '{"a":1,"b":[2,1]}', '{'];
    expect(await fates({ dialect: 'json' }, bodies)).toEqual(['out', 'of 0 text', 'out', 'bypass unparsable']);
  });

  it('forgets a question one window after it was first met', async () => {
    const sql = 'SELECT a FROM t';
    const at = (seconds: number): ContractRecord => ({ value: { sql }, eventTime: 1_700_000_000_000 + seconds * 1000 });
    const left = await run({ window: '10s' }, [at(0), at(10), at(11), at(12)]);
    expect(left.map(({ port }) => port)).toEqual(['out', 'duplicates', 'out', 'duplicates']);
  });

  it('counts every record in a window of records, bypassed ones too', async () => {
    const texts = ['SELECT a FROM t', 'SELECT now()', 'SELECT now()', 'SELECT a FROM t', 'SELECT a FROM t'];
    expect(await fates({ window: { records: 2 } }, texts)).toEqual([
      'out',
      'bypass volatile-function',
      'bypass volatile-function',
      'out',
      'of 3 text',
    ]);
  });

  it('forgets the oldest beyond maxKeys, and says so', async () => {
    const texts = Array.from({ length: 3000 }, (_, i) => `SELECT ${i}`);
    const lines = await said({ maxKeys: 1000 }, rows([...texts, 'SELECT 2999', 'SELECT 0']), { cut: 500 });
    expect(lines.some((line) => line.includes('event state.evicted'))).toBe(true);
    expect(lines.filter((line) => line.includes('emit duplicates'))).toHaveLength(1);
  });
});

/** Repeated, rewritten, volatile and broken queries of three tenants. */
function workload(count: number, seed: number): ContractRecord[] {
  const dice = new Dice(seed);
  const questions = Array.from({ length: 12 }, () => randomQuery(dice));
  const rude = ['SELECT now()', 'SELEC', '', null, 7, 'SELECT \0', `SELECT ${'('.repeat(300)}1${')'.repeat(300)}`];
  return Array.from({ length: count }, (_, i) => ({
    value: {
      id: i,
      tenant: dice.pick(['a', 'b', null]),
      sql: dice.chance(0.15) ? dice.pick(rude) : write(dice.pick(questions), new Set(REWRITES), dice, false),
    },
    eventTime: 1_700_000_000_000 + i * 1000 - dice.below(4000),
  }));
}

describe('dedup-queries over a seeded workload', () => {
  const records = workload(300, 11);
  const configs: Partial<Config>[] = [
    { tenant: 'tenant' },
    { tenant: 'tenant', window: '60s' },
    { window: { records: 40 }, maxKeys: 20, memo: 3 },
  ];

  it.each(configs)('says the same for a checkpoint and a new instance before any record: %j', async (config) => {
    const calm = await said(config, records);
    expect(calm.filter((line) => line.includes('emit duplicates')).length).toBeGreaterThan(50);
    const every = records.map((_, i) => i);
    expect(await said(config, records, { restarts: every })).toEqual(calm);
    for (let at = 1; at < records.length; at += 23)
      expect(await said(config, records, { restarts: [at] })).toEqual(calm);
  });

  it.each(configs)('says the same for every cut: %j', async (config) => {
    const calm = await said(config, records, { cut: records.length });
    for (const cut of [1, 2, 7, 64, 299]) expect(await said(config, records, { cut })).toEqual(calm);
  });

  describe.each(configs)('%j', (config) => {
    for (const { name, run: check } of operatorContract(dedupQueries as never, {
      config: configOf(config),
      rows: records,
    }))
      it(name, check);
  });
});

describe('a changed table', () => {
  const topology = defineTopology({
    name: 'invalidation',
    inputs: [
      { name: 'queries', topic: 'queries.raw', format: 'json' },
      { name: 'changes', topic: 'changes.raw', format: 'json' },
    ],
    steps: [
      { id: 'together', use: 'repartition', with: { key: ['place'] } },
      {
        id: 'distinct',
        use: 'dedup-queries',
        with: { query: 'sql', window: 'all', versions: { input: 'changes', table: 'table' } },
      },
    ],
    output: { topic: 'queries.execute' },
    outputs: { 'distinct.duplicates': 'queries.duplicates', 'distinct.bypass': 'queries.bypass' },
  });

  function driver(): TopologyDriver {
    return new TopologyDriver(
      planTopology(topology, { operators: operatorRegistry(), formats: createCodec, onePartition: true }),
    );
  }
  const query = (id: number, sql: string) => JSON.stringify({ id, place: 1, sql });

  it('makes later queries of it new ones, and those of other tables not, also after a restart', async () => {
    const engine = driver();
    engine.feed('queries.raw', [query(1, 'SELECT a FROM t'), query(2, 'SELECT b FROM s'), query(3, 'SELECT a FROM t')]);
    await engine.end();
    engine.feed('changes.raw', [JSON.stringify({ place: 1, table: 'public.T' })]);
    await engine.end();
    engine.feed('queries.raw', [
      query(4, 'SELECT t.a FROM t'),
      query(5, 'SELECT b FROM s'),
      query(6, 'SELECT a FROM t'),
    ]);
    const summary = await engine.end();
    const ids = (topic: string) => engine.values(topic).map((value) => JSON.parse(value).id);
    expect(ids('queries.execute')).toEqual([1, 2, 4]);
    expect(ids('queries.duplicates')).toEqual([3, 5, 6]);
    expect(summary).toMatchObject({ merged: 1, quarantined: 0 });
  });
});

describeWithData('the example', '../examples/data/queries.ndjson', (path) => {
  it('gives 3 duplicates (0b, 1b, 4b), 2 bypassed, 11 out', async () => {
    const values = readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const left = await run({ tenant: 'tenant' }, rows(values));
    const ids = (port: string) => left.filter((one) => one.port === port).map(({ value }) => value.id);
    expect(ids('duplicates')).toEqual(['0b', '1b', '4b']);
    expect(ids('bypass')).toEqual(['5a', '5b']);
    expect(ids('out')).toHaveLength(11);
  });
});
