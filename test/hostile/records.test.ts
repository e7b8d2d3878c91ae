import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineTopology, type RunSummary, run } from '../../src/index.ts';
import { HOSTILE_LINES } from './records.ts';

const topology = defineTopology({
  name: 'hostile',
  input: { topic: 'in', format: 'json' },
  steps: [
    {
      id: 'tidy',
      use: 'clean',
      with: { fields: { id: ['trim', 'to-string'], 'a.b.c': ['trim'], constructor: ['trim'], __proto__: ['trim'] } },
    },
    {
      id: 'sane',
      use: 'check',
      with: {
        rules: [
          { field: 'id', pattern: '^(a+)+$', severity: 'info' },
          { name: 'long', cel: 'size(record.id) < 10', severity: 'info' },
          { field: 'polluted', equals: 'never' },
        ],
      },
    },
    { id: 'once', use: 'dedup', with: { window: 'all', scope: 'partition' } },
  ],
  output: { topic: 'out' },
});

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-hostile-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

let n = 0;
async function runFile(content: string | Buffer): Promise<{ summary: RunSummary; out: string }> {
  const file = join(dir, `${++n}.ndjson`);
  writeFileSync(file, content);
  const out = join(dir, `out-${n}`);
  return { summary: await run(topology, { local: out, topics: { in: file } }), out };
}

describe('hostile records', () => {
  it('there are many of them, with names of their own', () => {
    expect(HOSTILE_LINES.length).toBeGreaterThanOrEqual(130);
    expect(new Set(HOSTILE_LINES.map(({ name }) => name)).size).toBe(HOSTILE_LINES.length);
  });

  it.each(HOSTILE_LINES)('$name: $fate', async ({ line, fate }) => {
    const neighbor = '{"id":"good neighbor"}\n';
    const { summary } = await runFile(
      Buffer.concat([Buffer.from(neighbor), Buffer.from(line), Buffer.from('\n{"id":"after"}\n')]),
    );
    const counts = { in: summary.in, curated: summary.curated, quarantined: summary.quarantined };
    if (fate === 'blank') expect(counts).toEqual({ in: 2, curated: 2, quarantined: 0 });
    else if (fate === 'good') expect(counts).toEqual({ in: 3, curated: 3, quarantined: 0 });
    else {
      expect(counts).toEqual({ in: 3, curated: 2, quarantined: 1 });
      expect(summary.rules).toMatchObject({ [fate]: 1 });
    }
  });

  it('all of them together, in any neighborhood, leave nothing out and nothing changed in the prototypes', async () => {
    const { summary, out } = await runFile(
      Buffer.concat(HOSTILE_LINES.flatMap(({ line }) => [Buffer.from(line), Buffer.from('\n')])),
    );
    const records = HOSTILE_LINES.filter(({ fate }) => fate !== 'blank');
    expect(summary.in).toBe(records.length);
    expect(summary.curated + summary.quarantined + summary.duplicate).toBe(records.length);
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined(); // any object
    for (const line of readFileSync(join(out, 'hostile.quarantine.ndjson'), 'utf8').split('\n').slice(0, -1))
      expect(JSON.parse(line)).toHaveProperty('findings');
  });

  it('a 64-bit id in an untouched field survives the cleaning of another one', async () => {
    const { out } = await runFile('{"n":9223372036854775807,"id":"  x "}\n{"n":1e400,"z":-0,"id":" y"}\n');
    const written = readFileSync(join(out, 'out.ndjson'), 'utf8').split('\n');
    expect(written[0]).toContain('9223372036854775807');
    expect(written[0]).toContain('"id":"x"');
    expect(written[1]).toContain('1e400');
    expect(written[1]).toContain('-0');
  });
});
