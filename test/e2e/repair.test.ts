import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Evidence } from '../../src/core/finding.ts';
import { dataPath, describeWithData } from '../data.ts';
import { type Row, readHospital } from '../kernels/repair/score.ts';
import { root, sluice, summaryOf } from './cli.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-repair-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function lines<T>(path: string): T[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T);
}

async function run(topology: string, name: string, topic: string) {
  const out = join(dir, name);
  const result = await sluice(['run', topology, '--local', out, '--topic', topic, '--json', '--quiet']);
  expect(result).toMatchObject({ code: 0, stderr: '' });
  return { out, summary: summaryOf(result) };
}

describeWithData('the command line repairs', 'clean/hospital', (folder) => {
  it('hospital, with the evidence of every change beside the records', async () => {
    const { dirty, clean } = readHospital(folder);
    const topology = join(dataPath('../examples'), 'hospital.yaml');
    const { out, summary } = await run(topology, 'hospital', `hospital.raw=${join(folder, 'dirty.csv')}`);
    expect(summary).toMatchObject({ in: 1000, curated: 1000, held: 0 });
    const mended = lines<Row>(join(out, 'hospital.curated.ndjson'));
    let right = 0;
    let changed = 0;
    for (const [i, row] of mended.entries())
      for (const name of Object.keys(row)) {
        if (row[name] === dirty[i]![name]) continue;
        changed++;
        if (row[name] === clean[i]![name]) right++;
      }
    expect(right / changed).toBeGreaterThanOrEqual(0.99);
    expect((2 * right) / (changed + 509)).toBeGreaterThanOrEqual(0.8);
    const told = lines<{ origin: { offset: number }; evidence: Evidence[] }>(
      join(out, 'hospital.curated.findings.ndjson'),
    );
    for (const { origin, evidence } of told)
      for (const { field, old } of [...evidence].reverse())
        (mended[origin.offset] as Record<string, unknown>)[field] = old;
    expect(mended).toEqual(dirty);
  });

  it('a rejected record is told the least edits', async () => {
    const raw = join(dir, 'addresses.ndjson');
    writeFileSync(raw, '{"id":1,"zip":"35233x","qty":400,"status":"payed"}\n{"id":2,"zip":"35233"}\n');
    const topology = join(root, 'topologies', 'addresses.yaml');
    const { out, summary } = await run(topology, 'addresses', `addresses.raw=${raw}`);
    expect(summary).toMatchObject({ in: 2, curated: 1, quarantined: 1 });
    const [line] = lines<{ findings: { rule: string; edits?: unknown }[] }>(join(out, 'addresses.quarantine.ndjson'));
    expect(line!.findings.find(({ rule }) => rule === 'least-edit')!.edits).toEqual([
      { field: 'zip', value: '35233' },
      { field: 'qty', value: 100 },
      { field: 'status', value: 'paid' },
    ]);
  });

  it('readings of sensors, by the example as it stands', async () => {
    const raw = join(dataPath('../examples'), 'data', 'sensor.csv');
    const topology = join(dataPath('../examples'), 'sensor.yaml');
    const { out, summary } = await run(topology, 'sensor', `sensor.raw=${raw}`);
    expect(summary).toMatchObject({ in: 6000, curated: 6000, held: 0 });
    const events = lines<{ type: string }>(join(out, 'sensor.events.ndjson'));
    expect(events.map(({ type }) => type)).toContain('drift.alarm');
    expect(readFileSync(raw, 'utf8')).toMatch(/,,/);
    const left = readFileSync(join(out, 'sensor.curated.ndjson'), 'utf8');
    expect(left).not.toContain('null');
    const told = readFileSync(join(out, 'sensor.curated.findings.ndjson'), 'utf8');
    expect(told.match(/"method":"(last|regression)"/g)!.length).toBeGreaterThan(60);
    expect(told.match(/"method":"speed"/g)!.length).toBeGreaterThan(30);
  });
});
