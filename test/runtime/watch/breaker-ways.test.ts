import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/run.ts';
import { parseTopology } from '../../../src/topology/index.ts';
import { eventsOf, type Fed, feed } from '../../support/topology.ts';

const START = 1_700_000_000_000;
const BREAKER = 'breaker: { open: { quarantined: 0.5, over: { records: 100 }, minRecords: 20 }, action: divert }';
const CHECK = '{ id: sane, use: check, with: { rules: [{ name: positive, field: qty, min: 1 }] } }';

/** Bad ones from 100 to 200 of 500. */
const rows = (more: (i: number) => object = () => ({})): Fed[] =>
  Array.from({ length: 500 }, (_, i) => ({
    value: { id: i, qty: i >= 100 && i < 200 ? 0 : 1, ...more(i) },
    time: START + i,
  }));

const idsOf = (values: readonly string[]) => values.map((text) => JSON.parse(text).id as number);

describe('a breaker', () => {
  it.each([
    ['keep', '"secret":"s150"'],
    ['redact', '"secret":"[redacted]"'],
    ['omit', 'null'],
  ])('lets the diverted topic show what the quarantine shows of a redacted field (%s)', async (value, shown) => {
    const text = `
name: t
input: { topic: in, format: json }
steps: [${CHECK}]
output: { topic: out }
redact: [secret]
quarantine: { value: ${value} }
${BREAKER}
`;
    const driver = feed(
      text,
      rows((i) => ({ secret: `s${i}` })),
    );
    await driver.end();
    const diverted = driver.values('t.diverted');
    expect(diverted.length).toBeGreaterThan(100);
    for (const line of diverted.slice(0, 1)) expect(line).not.toBe('');
    expect(diverted.some((line) => line.includes(shown))).toBe(true);
    if (value !== 'keep') expect(diverted.join()).not.toMatch(/"s\d+"/);
  });

  it('of each stage judges what that stage quarantines, and every record has one fate', async () => {
    const text = `
name: t
input: { topic: in, format: json }
steps:
  - { id: odd, use: check, with: { rules: [{ name: not-seven, field: id, notEquals: 7 }] } }
  - { id: by-kind, use: repartition, with: { key: [kind] } }
  - ${CHECK}
output: { topic: out }
${BREAKER}
`;
    const driver = feed(
      text,
      rows(() => ({ kind: 'k' })),
    );
    const summary = await driver.end();
    const { curated, quarantined, routed } = summary;
    expect(curated + quarantined + routed).toBe(500);
    expect(routed).toBe(driver.values('t.diverted').length);
    expect(eventsOf(driver, 't.events').map(({ type }) => type)).toEqual(['breaker.opened', 'breaker.closed']);
    const all = [...idsOf(driver.values('out')), ...idsOf(driver.values('t.diverted'))];
    expect(new Set(all).size).toBe(all.length);
  });

  it('diverts elements of a message, and stops behind the whole message', async () => {
    const text = (action: string) => `
name: t
input: { topic: in, format: json, explode: items }
steps: [${CHECK}]
output: { topic: out }
${BREAKER.replace('divert', action)}
`;
    const messages = Array.from({ length: 50 }, (_, m) => ({
      value: {
        items: rows()
          .slice(m * 10, m * 10 + 10)
          .map(({ value }) => value),
      },
      time: START + m,
    }));
    const diverting = feed(text('divert'), messages);
    const summary = await diverting.end();
    expect(summary).toMatchObject({ in: 500, routed: diverting.values('t.diverted').length });
    expect(summary.curated + summary.quarantined + summary.routed).toBe(500);
    const stopping = feed(text('stop'), messages, { cut: 3 });
    await expect(stopping.end()).rejects.toMatchObject({ code: 'breaker-open' });
    const left = stopping.values('out').length + stopping.read('t.quarantine').length;
    expect(left % 10).toBe(0);
    expect(left).toBeLessThan(200);
  });

  it('keeps undecodable records in quarantine while it diverts the others', async () => {
    const driver = feed(
      `
name: t
input: { topic: in, format: json }
steps: [${CHECK}]
output: { topic: out }
${BREAKER}
`,
      [],
    );
    driver.feed(
      'in',
      rows().map(({ value, time }, i) => ({ value: i === 180 ? '{"broken' : JSON.stringify(value), timestamp: time })),
    );
    const summary = await driver.end();
    expect(summary.in).toBe(500);
    expect(summary.curated + summary.quarantined + summary.routed).toBe(500);
    const bytes = [...driver.values('t.diverted'), ...driver.values('t.quarantine')];
    expect(bytes.filter((line) => line.includes('{"broken'))).toHaveLength(1);
  });
});

describe('a breaker over files', () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-breaker-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('diverts rows of csv as JSON objects with their findings beside them, and leaves ragged rows in quarantine', async () => {
    const lines = rows().map(({ value }, i) =>
      i === 180 ? 'a,b,c' : `${(value as { id: number }).id},${(value as { qty: number }).qty}`,
    );
    writeFileSync(join(dir, 'in.csv'), `id,qty\n${lines.join('\n')}\n`);
    const topology = parseTopology(
      `name: t\ninput: { topic: in, format: csv, csv: { columns: { id: integer, qty: integer } } }\nsteps: [${CHECK}]\noutput: { topic: out }\n${BREAKER}\n`,
      { file: 't.yaml', folder: dir },
    );
    const local = join(dir, 'out');
    const summary = await run(topology, { local, topics: { in: join(dir, 'in.csv') } });
    const read = (name: string) =>
      readFileSync(join(local, `${name}.ndjson`), 'utf8')
        .trim()
        .split('\n');
    const diverted = read('t.diverted').map((line) => JSON.parse(line));
    expect(diverted[0]).toEqual({ id: 150, qty: 0 }); // 149 is the fiftieth bad one of the last hundred
    expect(summary.routed).toBe(diverted.length);
    expect(read('t.diverted.findings')).toHaveLength(49); // of the bad ones from 150 on, one is ragged
    expect(read('t.quarantine').some((line) => line.includes('ragged-row'))).toBe(true);
  });
});
