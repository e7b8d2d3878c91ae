import { createHash } from 'node:crypto';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sluice } from '../e2e/cli.ts';
import { filesIn, linesOf } from './compare.ts';

/** `big` has more digits than a double; every third name is changed, every fifth is told, every seventh refused. */
const person = (i: number) =>
  `{"id":${i},"name":"${i % 3 === 0 ? ` P${i}` : `P${i}`}","age":${i % 7 === 0 ? -1 : i % 5 === 0 ? 17 : 30},"big":1234567890123456789${i}.50,"at":"2026-01-${String(1 + (i % 28)).padStart(2, '0')}T00:00:00Z"}\n`;
const people = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => person(from + i)).join('');
/** By a plain loop: ids that pass. */
const passing = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => from + i).filter((i) => i % 7 !== 0);

const TOPOLOGY = `name: people
input: { topic: people.raw }
steps:
  - { id: tidy, use: clean, with: { trace: true, fields: { name: [trim] } } }
  - id: sane
    use: check
    with: { rules: [{ name: age, field: age, min: 0 }, { name: adult, field: age, min: 18, severity: warn }] }
output: { topic: people.curated, certificate: full }
outputs: { sane: { topic: people.plain } }
`;

describe('an export of files', () => {
  let dir = '';
  const at = (name: string) => join(dir, name);
  const run = () =>
    sluice(['run', at('t.yaml'), '--local', at('out'), '--topic', `people.raw=${at('raw')}`, '--quiet']);
  const exported = (out: string, ...flags: string[]) => sluice(['export', at('out'), '--out', at(out), ...flags]);
  const manifestOf = (out: string) => JSON.parse(readFileSync(join(at(out), 'manifest.json'), 'utf8'));

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-export-'));
    mkdirSync(at('raw'));
    writeFileSync(at('t.yaml'), TOPOLOGY);
    writeFileSync(at('raw/1.ndjson'), people(0, 300));
    expect(await run()).toMatchObject({ code: 0 });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('gives the bytes of the topic, and says what they are', async () => {
    expect(await exported('whole', '--meta')).toMatchObject({ code: 0 });
    const bytes = readFileSync(at('out/people.curated.ndjson'));
    expect(readFileSync(at('whole/part-00000.ndjson'))).toEqual(bytes);
    const ids = passing(0, 300);
    const plan = /fingerprint ([0-9a-f]+)/.exec((await sluice(['describe', at('t.yaml')])).stdout)?.[1];
    expect(manifestOf('whole')).toEqual({
      format: 'sluice-export 1',
      tool: { name: 'sluice', version: '0.1.0' },
      source: { kind: 'files', topic: 'people.curated' },
      range: { by: 'offset' },
      partitions: [{ partition: 0, from: 0, to: ids.length, records: ids.length, holes: { offsets: 0, ranges: [] } }],
      counts: {
        records: ids.length,
        fates: { unknown: ids.length },
        rules: { 'sane/adult': { warn: ids.filter((id) => id % 5 === 0).length } },
        tombstones: 0,
      },
      topology: [{ topology: 'people', plan, by: 'certificates' }],
      schemas: [],
      files: [
        {
          name: 'part-00000.ndjson',
          bytes: bytes.length,
          sha256: createHash('sha256').update(bytes).digest('hex'),
          records: ids.length,
        },
        expect.objectContaining({ name: 'part-00000.meta.ndjson', records: ids.length }),
      ],
      notes: [expect.stringContaining('--topology')],
    });
    const origins = linesOf(at('whole/part-00000.meta.ndjson')).map((line) => JSON.parse(line).origin.offset);
    expect(origins).toEqual(ids);
  });

  it('makes the folders it needs, and leaves nothing beside', async () => {
    expect(await exported('deep/er/', '--until', '3')).toMatchObject({ code: 0 });
    expect(readdirSync(at('deep'))).toEqual(['er']);
    expect(readdirSync(at('deep/er')).sort()).toEqual(['manifest.json', 'part-00000.ndjson']);
  });

  it('names the fate by the topology', async () => {
    expect(await exported('fated', '--topology', at('t.yaml'), '--until', '9')).toMatchObject({ code: 0 });
    expect(manifestOf('fated')).toMatchObject({ counts: { records: 9, fates: { curated: 9 } }, notes: [] });
  });

  it('gives the same bytes again, after more records and another run', async () => {
    const ranges: Record<string, string[]> = {
      middle: ['--since', '50', '--until', '0:200', '--meta'],
      days: ['--since', '2026-01-03', '--until', '2026-01-05T00:00:00Z', '--time-field', 'at', '--meta'],
    };
    for (const [name, flags] of Object.entries(ranges))
      expect(await exported(name, ...flags)).toMatchObject({ code: 0 });
    writeFileSync(at('raw/2.ndjson'), people(300, 500));
    expect(await run()).toMatchObject({ code: 0 });
    appendFileSync(at('out/people.curated.ndjson'), '{"id":"not committed"}\n');
    for (const [name, flags] of Object.entries(ranges)) {
      if (name === 'middle') {
        expect(await exported(`${name}-2`, ...flags)).toMatchObject({ code: 0 });
        expect(filesIn(at(`${name}-2`)), name).toEqual(filesIn(at(name)));
      }
      expect(await exported(`${name}-3`, '--again', at(name), '--meta')).toMatchObject({ code: 0 });
      expect(filesIn(at(`${name}-3`)), name).toEqual(filesIn(at(name)));
    }
    const days = linesOf(at('days/part-00000.ndjson')).map((line) => JSON.parse(line).id);
    expect(days).toEqual(passing(0, 300).filter((id) => [2, 3].includes(id % 28)));
    expect(linesOf(at('middle/part-00000.ndjson')).map((line) => JSON.parse(line).id)).toEqual(
      passing(0, 300).slice(50, 200),
    );
  });

  it('counts rules without certificates only for all there is, and says so', async () => {
    expect(await exported('plain', '--topic', 'people.plain')).toMatchObject({ code: 0 });
    expect(manifestOf('plain').counts.rules).toEqual({
      'sane/adult': { warn: passing(0, 500).filter((id) => id % 5 === 0).length },
    });
    expect(manifestOf('plain').topology).toEqual([expect.objectContaining({ topology: 'people', by: 'run' })]);
    expect(await exported('plain-part', '--topic', 'people.plain', '--since', '10')).toMatchObject({ code: 0 });
    expect(manifestOf('plain-part').counts).not.toHaveProperty('rules');
    expect(manifestOf('plain-part').notes.join()).toContain('certificate: origin');
  });

  it.each([
    ['a folder that holds something', ['--out', 'out'], 'is not empty'],
    ['an end that is not written yet', ['--until', '100000'], 'could still change'],
    ['an instant without a field', ['--since', '2026-01-01'], '--time-field'],
    ['an offset and an instant', ['--since', '1', '--until', '2026-01-01'], 'two offsets, or two instants'],
    ['a place that is none', ['--since', 'yesterday'], 'expected an offset'],
    ['a partition that is not there', ['--since', '4:1'], 'there is no partition 4'],
    ['a topic that is not there', ['--topic', 'x'], 'one of people.curated, people.events'],
  ])('refuses %s', async (_, flags, message) => {
    const args = flags.map((flag) => (flag === 'out' ? at('out') : flag));
    const result = await sluice(['export', at('out'), '--out', at('refused'), ...args]);
    expect(result.code).toBeGreaterThan(0);
    expect(result.stderr).toContain(message);
  });

  it('--verify finds what was changed, is missing, or does not belong', async () => {
    expect(await sluice(['export', '--verify', at('whole')])).toMatchObject({ code: 0 });
    const damage: [string, (folder: string) => void, string][] = [
      ['byte', (folder) => flip(join(folder, 'part-00000.ndjson')), 'has another SHA-256'],
      ['line', (folder) => appendFileSync(join(folder, 'part-00000.ndjson'), '{}\n'), 'bytes instead of'],
      ['gone', (folder) => rmSync(join(folder, 'part-00000.meta.ndjson')), 'is missing'],
      ['more', (folder) => writeFileSync(join(folder, 'part-00001.ndjson'), ''), 'is not in the manifest'],
    ];
    for (const [name, hurt, message] of damage) {
      cpSync(at('whole'), at(`hurt-${name}`), { recursive: true });
      hurt(at(`hurt-${name}`));
      const result = await sluice(['export', '--verify', at(`hurt-${name}`)]);
      expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
    }
    expect((await sluice(['export', '--verify', at('raw')])).stderr).toContain('holds no export');
  });

  it('--beside counts what became of the input records in between, by fate and rule', async () => {
    const flags = ['--topology', at('t.yaml'), '--beside', '--since', '10', '--until', '40'];
    const refused = await exported('beside-plain', ...flags);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('people.plain does not say') });
    const certified = TOPOLOGY.replace('topic: people.plain', 'topic: people.plain, certificate: origin');
    writeFileSync(at('t2.yaml'), certified);
    const args = ['run', at('t2.yaml'), '--local', at('out2'), '--topic', `people.raw=${at('raw')}`, '--quiet'];
    expect(await sluice(args)).toMatchObject({ code: 0 });
    const made = ['export', at('out2'), '--topic', 'people.curated', '--topology', at('t2.yaml'), '--beside'];
    const result = await sluice([...made, '--since', '10', '--until', '40', '--out', at('beside')]);
    expect(result).toMatchObject({ code: 0 });
    const [from = 0, last = 0] = [passing(0, 500)[10], passing(0, 500)[39]];
    const bad = Array.from({ length: last - from }, (_, i) => from + i).filter((id) => id % 7 === 0).length;
    const told = passing(0, 500)
      .slice(10, 40)
      .filter((id) => id % 5 === 0).length;
    expect(manifestOf('beside').beside).toEqual({
      origins: [{ topic: 'people.raw', partition: 0, from, to: last + 1 }],
      topics: ['people.plain', 'people.quarantine'],
      fates: { quarantined: bad, routed: 30 },
      rules: {
        'sane/adult': { warn: bad + told },
        'sane/age': { error: bad },
      },
    });
    expect(manifestOf('beside').counts.rules).toEqual({ 'sane/adult': { warn: told } });
  });

  it('takes the parts of a folder in the order of their names, packed or not', async () => {
    mkdirSync(at('parts'));
    writeFileSync(at('parts/a-1.ndjson.gz'), gzipSync(people(0, 5)));
    writeFileSync(at('parts/b.ndjson'), people(5, 9).trimEnd());
    writeFileSync(at('parts/c.txt'), 'not a part\n');
    const result = await sluice(['export', at('parts'), '--out', at('joined')]);
    expect(result).toMatchObject({ code: 0 });
    expect(readFileSync(at('joined/part-00000.ndjson'), 'utf8')).toBe(people(0, 9));
    writeFileSync(at('parts/d.ndjson'), 'no json\n');
    const refused = await sluice(['export', at('parts'), '--out', at('joined-2')]);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('offset 9: its value is no JSON') });
    expect(() => filesIn(at('joined-2'))).toThrow();
  });

  it('--parquet holds the same rows, twice the same bytes', async () => {
    for (const name of ['table', 'table-2']) expect(await exported(name, '--parquet')).toMatchObject({ code: 0 });
    expect(filesIn(at('table'))).toEqual(filesIn(at('table-2')));
    expect(await sluice(['export', '--verify', at('table')])).toMatchObject({ code: 0 });
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const rows = await connection.runAndReadAll(`SELECT id, name FROM '${at('table/part-00000.parquet')}'`);
    expect(rows.getRows().map(([id, name]) => [Number(id), name])).toEqual(passing(0, 500).map((id) => [id, `P${id}`]));
  });
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
