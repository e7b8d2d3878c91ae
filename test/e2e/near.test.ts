import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folderView } from '../../src/cli/folder-view.ts';
import { describeWithData } from '../data.ts';
import { sluice } from './cli.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-near-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function linesOf(file: string): Record<string, string>[] {
  return readFileSync(join(folder, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

it('what a finished run has seen answers for the records that are appended the next day', async () => {
  const topology = join(folder, 'near.yaml');
  const input = join(folder, 'goods.ndjson');
  writeFileSync(
    topology,
    `name: near
input: { topic: goods, format: json }
steps:
  - { id: same, use: dedup-near, with: { scope: topic, kind: product, fields: [name], action: drop } }
output: { topic: fresh }
`,
  );
  const run = () => sluice(['run', topology, '--local', join(folder, 'out'), '--topic', `goods=${input}`, '--quiet']);
  writeFileSync(input, '{"name":"Hume Router T963 black"}\n{"name":"Acme Lamp K900 red"}\n');
  expect((await run()).code).toBe(0);
  expect(linesOf('out/fresh.ndjson')).toHaveLength(2);
  appendFileSync(input, '{"name":"ACME K900 lamp red"}\n{"name":"Pixa Speaker X112 white"}\n');
  expect((await run()).code).toBe(0);
  expect(linesOf('out/fresh.ndjson').map(({ name }) => name)).toEqual([
    'Hume Router T963 black',
    'Acme Lamp K900 red',
    'Pixa Speaker X112 white',
  ]);
});

it('a golden record that the next day adds to is given again, as its next revision; what went in is merged', async () => {
  const topology = join(folder, 'golden.yaml');
  const input = join(folder, 'shops.ndjson');
  writeFileSync(
    topology,
    `name: golden
input: { topic: shops, format: json }
steps:
  - { id: one, use: dedup-near, with: { scope: topic, kind: place, fields: [name], action: merge } }
output: { topic: golden, findings: { field: _quality } }
`,
  );
  const run = async (): Promise<object> => {
    const args = ['--local', join(folder, 'gold'), '--topic', `shops=${input}`, '--quiet', '--json'];
    const { code, stdout } = await sluice(['run', topology, ...args]);
    expect(code).toBe(0);
    return JSON.parse(stdout.trim().split('\n').at(-1)!) as object; // the last line is one JSON object
  };
  writeFileSync(
    input,
    '{"name":"Cafe Mill House","seats":null}\n{"name":"Harbor Books"}\n{"name":"CAFE Mill House"}\n',
  );
  expect(await run()).toMatchObject({ in: 3, merged: 3, curated: 0 });
  const first = linesOf('gold/golden.ndjson');
  expect(first.map(({ name }) => name)).toEqual(['Cafe Mill House', 'Harbor Books']);
  appendFileSync(input, '{"name":"cafe mill house","seats":30}\n{"name":"harbor books"}\n');
  expect(await run()).toMatchObject({ in: 5, merged: 5, curated: 0 });
  const second = linesOf('gold/golden.ndjson').slice(first.length);
  expect(second).toMatchObject([
    {
      seats: 30,
      _quality: [
        { rule: 'merged', observed: { cluster: 'shops/0/0', records: 3, revision: 2, from: { seats: 'shops/0/3' } } },
      ],
    },
  ]);
  // of five records three repeat one that was there, though none leaves by a port of its own
  const view = (await folderView(join(folder, 'gold'), 'golden')).view();
  expect(view.duplicates).toMatchObject({ one: { seen: 5, duplicates: 3 } });
});

describeWithData('the example products.yaml', '../examples/products.yaml', (path) => {
  it('finds each product spelt twice and keeps other models apart', async () => {
    const data = join(folder, 'products.csv');
    copyFileSync(join(path, '..', 'data', 'products.csv'), data);
    const out = join(folder, 'products');
    expect((await sluice(['run', path, '--local', out, '--topic', `products.raw=${data}`, '--quiet'])).code).toBe(0);
    const rows = linesOf('products/products.curated.ndjson');
    // a product is its words in any order and case
    const names = rows.map(({ name }) => name!.toLowerCase().split(' ').sort().join(' '));
    let [both, found, same] = [0, 0, 0];
    for (let i = 0; i < rows.length; i++)
      for (let j = 0; j < i; j++) {
        const [isSame, isFound] = [names[i] === names[j], rows[i]!.cluster === rows[j]!.cluster];
        if (isSame) same++;
        if (isFound) found++;
        if (isSame && isFound) both++;
      }
    expect(same).toBeGreaterThan(20);
    expect((2 * both) / (same + found)).toBeGreaterThanOrEqual(0.97);
  });
});
