import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, sluice, summaryOf } from './cli.ts';

const folder = join(root, 'topologies');
const vega = join(root, 'node_modules', 'vega-datasets', 'data');
const topologies = readdirSync(folder).filter((name) => /\.(yaml|ts)$/.test(name) && !name.endsWith('.test.yaml'));

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-gallery-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function run(topology: string, topic: string, file: string) {
  const result = await sluice([
    'run',
    join(folder, topology),
    '--local',
    join(dir, topology),
    '--topic',
    `${topic}=${join(vega, file)}`,
    '--json',
    '--quiet',
  ]);
  if (result.code !== 0) throw new Error(result.stderr);
  return summaryOf(result);
}

describe('gallery', () => {
  it.each(topologies)('%s lints and its cases hold', async (name) => {
    const [lint, cases] = [await sluice(['lint', join(folder, name)]), await sluice(['test', join(folder, name)])];
    expect(lint).toMatchObject({ code: 0 });
    expect(cases.stdout).not.toContain('FAILED');
    expect(cases).toMatchObject({ code: 0, stderr: '' });
    expect(cases.stdout).toMatch(/^ok /m);
  });

  it('a failing case is shown and exits with 1', async () => {
    const bad = join(dir, 'bad');
    const { cpSync, writeFileSync } = await import('node:fs');
    cpSync(join(folder, 'movies.yaml'), `${bad}.yaml`);
    writeFileSync(
      `${bad}.test.yaml`,
      'cases:\n  - name: wrong on purpose\n    input: { movies.raw: [{ Title: A, MPAA Rating: R }] }\n    expect: { movies.curated: [{ title: B }] }\n',
    );
    const result = await sluice(['test', `${bad}.yaml`]);
    expect(result.code).toBe(1);
    expect(result.stdout).toMatch(/FAILED.*wrong on purpose[\s\S]*expected \{"title":"B"\}, found \{"title":"A"/);
  });

  it('birdstrikes: distinct rows of the csv file are curated', async () => {
    const rows = readFileSync(join(vega, 'birdstrikes.csv'), 'utf8').trim().split('\n').slice(1);
    const distinct = new Set(rows).size;
    expect(await run('birdstrikes.yaml', 'birdstrikes.raw', 'birdstrikes.csv')).toMatchObject({
      in: rows.length,
      curated: distinct,
      duplicate: rows.length - distinct,
    });
  });

  it('earthquakes: every feature of the message is counted, strong ones apart', async () => {
    const quakes: { features: { id: string; properties: { mag: number } }[] } = JSON.parse(
      readFileSync(join(vega, 'earthquakes.json'), 'utf8'),
    );
    const strong = quakes.features.filter((feature) => feature.properties.mag >= 4.5).length;
    const ids = new Set(quakes.features.map((feature) => feature.id)).size;
    expect(await run('earthquakes.yaml', 'quakes.raw', 'earthquakes.json')).toMatchObject({
      in: quakes.features.length,
      routed: strong,
      curated: ids - strong,
    });
  });

  it('weather: wet days, in TypeScript', async () => {
    const rows = readFileSync(join(vega, 'seattle-weather.csv'), 'utf8').trim().split('\n').slice(1);
    const wet = rows.filter((row) => Number(row.split(',')[1]) > 0).length;
    expect(await run('weather.ts', 'weather.raw', 'seattle-weather.csv')).toMatchObject({
      in: rows.length,
      curated: wet,
      dropped: rows.length - wet,
    });
  });
});
