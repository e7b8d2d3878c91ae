import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, sluice, summaryOf } from './cli.ts';
import { films, moviesOracle } from './movies-oracle.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-e2e-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const movies = join(root, 'topologies', 'movies.yaml');

function lines(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

describe('the movies job on files', () => {
  const all = films();
  const oracle = moviesOracle([...all, ...all.slice(0, 500)]);

  it('gives what a plain loop gives', async () => {
    const deliveries = join(dir, 'deliveries');
    mkdirSync(deliveries);
    writeFileSync(join(deliveries, '1.json'), readFileSync(join(root, 'node_modules/vega-datasets/data/movies.json')));
    writeFileSync(join(deliveries, '2.json'), JSON.stringify(all.slice(0, 500)));
    const result = await sluice([
      'run',
      movies,
      '--local',
      join(dir, 'out'),
      '--topic',
      `movies.raw=${deliveries}`,
      '--json',
      '--quiet',
    ]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(summaryOf(result)).toMatchObject({
      topology: 'movies',
      in: oracle.in,
      curated: oracle.curated,
      quarantined: oracle.quarantined,
      duplicate: oracle.duplicate,
      rules: { 'released-plausible': oracle.released, 'title.required': oracle.missingTitle },
      outputs: {
        'movies.curated': oracle.curated,
        'movies.duplicates': oracle.duplicate,
        'movies.quarantine': oracle.quarantined,
      },
      resumed: false,
    });
    expect(oracle).toMatchObject({ in: 3701, curated: 3178, quarantined: 40, duplicate: 483 });
    expect(lines(join(dir, 'out', 'movies.curated.ndjson'))).toHaveLength(oracle.curated);
    expect(lines(join(dir, 'out', 'movies.quarantine.ndjson'))).toHaveLength(oracle.quarantined);
  });

  it('says "nothing new" when it is run again, with the same totals and not a byte changed', async () => {
    const before = lines(join(dir, 'out', 'movies.curated.ndjson'));
    const result = await sluice([
      'run',
      movies,
      '--local',
      join(dir, 'out'),
      '--topic',
      `movies.raw=${join(dir, 'deliveries')}`,
      '--json',
    ]);
    expect(result.code).toBe(0);
    expect(result.stderr).toContain('nothing new');
    expect(summaryOf(result)).toMatchObject({ in: oracle.in, curated: oracle.curated, resumed: true });
    expect(lines(join(dir, 'out', 'movies.curated.ndjson'))).toEqual(before);
  });

  it('exits with 3 and the figure when a gate is violated', async () => {
    const args = [
      'run',
      movies,
      '--local',
      join(dir, 'out'),
      '--topic',
      `movies.raw=${join(dir, 'deliveries')}`,
      '--quiet',
    ];
    expect(await sluice([...args, '--fail-on', 'quarantined > 1%'])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('40 of 3701'),
    });
    expect(await sluice([...args, '--fail-on', 'quarantined > 2%', '--fail-on', 'rule:unseen'])).toMatchObject({
      code: 0,
    });
    expect(await sluice([...args, '--fail-on', 'rule:title.required'])).toMatchObject({ code: 3 });
  });

  it('refuses an input that was replaced, by name', async () => {
    const path = join(dir, 'deliveries', '1.json');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('The Land Girls', 'The Sea Girls!'));
    const result = await sluice([
      'run',
      movies,
      '--local',
      join(dir, 'out'),
      '--topic',
      `movies.raw=${join(dir, 'deliveries')}`,
    ]);
    writeFileSync(path, text);
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/input.*replaced|replaced/);
  });
});

describe('every example whose operators exist runs on its data', () => {
  const examples = join(root, '..', 'shared', 'examples');
  const data: Readonly<Record<string, string>> = {
    orders: 'orders.raw=orders.ndjson',
    labels: 'votes.raw=labels.ndjson',
    sources: 'claims.raw=sources.ndjson',
    hospital: 'hospital.raw=hospital.csv',
  };

  it.each(Object.keys(data))('%s', async (name) => {
    const [topic, file] = (data[name] ?? '').split('=');
    const out = join(dir, name);
    const result = await sluice([
      'run',
      join(examples, `${name}.yaml`),
      '--local',
      out,
      '--topic',
      `${topic}=${join(examples, 'data', file ?? '')}`,
      '--json',
      '--quiet',
    ]);
    expect(result).toMatchObject({ code: 0 });
    const summary = summaryOf(result);
    expect(summary.in).toBeGreaterThan(100);
    expect(readdirSync(out).some((entry) => entry.endsWith('.ndjson'))).toBe(true);
  });

  it('orders: 200 in, 190 ids, 6 bad ids', async () => {
    const result = await sluice([
      'run',
      join(examples, 'orders.yaml'),
      '--local',
      join(dir, 'orders'),
      '--topic',
      `orders.raw=${join(examples, 'data', 'orders.ndjson')}`,
      '--json',
      '--quiet',
    ]);
    expect(summaryOf(result)).toMatchObject({ in: 200, curated: 184, quarantined: 6, duplicate: 10 });
  });
});

describe('usage', () => {
  it.each([
    [['run', 'nothing.yaml', '--local', 'x'], 2, /nothing\.yaml/],
    [['run', movies], 2, /--local/],
    [['run', movies, '--local', 'x', '--topic', 'oops'], 2, /name=path/],
    [['run', movies, '--local', 'x', '--fail-on', 'maybe'], 2, /quarantined > 1%/],
    [['run', movies, '--local', 'x', '--http', 'nowhere'], 2, /HOST:PORT/],
    [['operators', 'nope'], 2, /no operator nope/],
    [['frobnicate'], 2, /unknown command/],
  ])('%j exits with %i and says why', async (args, code, words) => {
    const result = await sluice(args, { cwd: dir });
    expect(result.code).toBe(code);
    expect(result.stderr).toMatch(words);
  });

  it('lists operators and prints schemas', async () => {
    const [all, one, schema] = await Promise.all([
      sluice(['operators']),
      sluice(['operators', 'dedup']),
      sluice(['config-schema']),
    ]);
    expect(all.stdout).toMatch(/^dedup +\S/m);
    expect(JSON.parse(one.stdout)).toMatchObject({
      name: 'dedup',
      ports: expect.arrayContaining(['out (pass)', 'duplicates (duplicate)']),
    });
    expect(JSON.parse(schema.stdout)).toHaveProperty('properties');
  });

  it.each(['text', 'json', 'mermaid'])('describes a topology as %s', async (format) => {
    const result = await sluice(['describe', movies, '--format', format]);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect(result.stdout).toContain('once');
  });
});
