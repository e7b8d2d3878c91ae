import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sluice } from './cli.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-elements-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const read = (topic: string) =>
  readFileSync(join(dir, 'out', `${topic}.ndjson`), 'utf8')
    .split('\n')
    .slice(0, -1);

it('elements of a message come back one by one: the verdict on the message is not made again of those in one batch', async () => {
  const topology = join(dir, 'cart.yaml');
  writeFileSync(
    topology,
    [
      'name: cart',
      'input: { topic: in, format: json, explode: items, batchVerdict: { rejectWhen: { quarantined: 0.5 } } }',
      'steps:',
      '  - { id: sane, use: check, with: { rules: [{ field: n, type: number }] } }',
      'output: { topic: out }',
    ].join('\n'),
  );
  writeFileSync(
    join(dir, 'in.ndjson'),
    '{"items":[{"n":1},{"n":"2"},{"n":"three"},{"n":"four"}]}\n{"items":[{"n":5},{"n":6},{"n":"7"}]}\n',
  );
  const local = join(dir, 'out');
  const run = await sluice(['run', topology, '--local', local, '--topic', `in=${join(dir, 'in.ndjson')}`, '--quiet']);
  expect(run).toMatchObject({ code: 0 });
  expect(read('out')).toEqual(['{"n":5}', '{"n":6}']);
  const fix = join(dir, 'fix.yaml');
  writeFileSync(fix, 'steps:\n  - { id: n, use: clean, with: { fields: { n: [to-number] } } }\n');
  expect(await sluice(['replay', topology, '--local', local, '--fix', fix])).toMatchObject({ code: 0 });
  expect(read('out')).toEqual(['{"n":5}', '{"n":6}', '{"n":1}', '{"n":2}', '{"n":7}']);
});
