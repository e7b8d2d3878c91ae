import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sluice } from './cli.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-csv-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function runWith(csv: string) {
  const topology = join(folder, 't.yaml');
  writeFileSync(topology, `name: t\ninput: { topic: in }\nsteps: []\noutput: { topic: t.out, format: csv${csv} }\n`);
  return sluice(['run', topology, '--local', join(folder, 'out'), '--topic', `in=${join(folder, 'in.ndjson')}`]);
}

const rows = () => readFileSync(join(folder, 'out', 't.out.csv'), 'utf8');
const arrive = (...lines: string[]) => appendFileSync(join(folder, 'in.ndjson'), lines.map((l) => `${l}\n`).join(''));

describe('a csv output that a second run goes on with', () => {
  it('keeps its columns, whatever the order of the fields of the first record then', async () => {
    arrive('{"a":1,"b, or\\nso":"x"}');
    expect((await runWith('')).code).toBe(0);
    arrive('{"b, or\\nso":"z","a":3}');
    expect((await runWith('')).code).toBe(0);
    expect(rows()).toBe('a,"b, or\nso"\n1,x\n3,z\n');
  });

  it.each([
    {
      when: 'the topology names other columns now',
      csv: ['header: [a, b]', 'header: [b, a]'],
      later: '{"a":2,"b":"y"}',
      message: 'the csv output that is there has the columns a, b, this run would write b, a',
      left: 'a,b\n1,x\n',
    },
    {
      when: 'its rows have no names and the records have',
      csv: ['header: false', 'header: false'],
      later: '{"b":"y","a":2}',
      message: 'has the columns c1, c2',
      left: '1,x\n',
    },
  ])('is refused when $when', async ({ csv: [first, then], later, message, left }) => {
    arrive('{"a":1,"b":"x"}');
    expect((await runWith(`, csv: { ${first} }`)).code).toBe(0);
    arrive(later);
    const second = await runWith(`, csv: { ${then} }`);
    expect(second.code).not.toBe(0);
    expect(second.stderr).toContain(message);
    expect(rows()).toBe(left);
  });
});
