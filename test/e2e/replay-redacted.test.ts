import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sluice } from './cli.ts';

/** Two refused records, one of which has a field that is redacted; a rule that lets both through later. */
const RECORDS = ['{"id":1,"card":"4111 1111","qty":-1}', '{"id":2,"qty":-2}', '{"id":3,"card":"5500 0000","qty":3}'];

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-redacted-'));
  writeFileSync(join(dir, 'in.ndjson'), `${RECORDS.join('\n')}\n`);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function topology(keep: 'redact' | 'omit', min: number): string {
  const path = join(dir, `${keep}${min}.yaml`);
  writeFileSync(
    path,
    [
      `name: ${keep}`,
      'input: { topic: in, format: json }',
      'steps:',
      `  - { id: sane, use: check, with: { rules: [{ field: qty, min: ${min} }] } }`,
      'output: { topic: out }',
      'redact: [card]',
      `quarantine: { topic: bad, value: ${keep} }`,
    ].join('\n'),
  );
  return path;
}

describe('replay of a quarantine that keeps not all of a value', () => {
  it.each([
    ['redact', ['{"id":3,"card":"5500 0000","qty":3}', '{"id":2,"qty":-2}'], 'redacted'],
    ['omit', ['{"id":3,"card":"5500 0000","qty":3}'], 'not kept'],
  ] as const)('with value: %s sends back only what is as it came', async (keep, curated, why) => {
    const local = join(dir, keep);
    const input = `in=${join(dir, 'in.ndjson')}`;
    const run = await sluice(['run', topology(keep, 0), '--local', local, '--topic', input, '--quiet']);
    expect(run).toMatchObject({ code: 0 });
    const replayed = await sluice(['replay', topology(keep, -9), '--local', local]);
    expect(replayed).toMatchObject({ code: 0 });
    expect(replayed.stderr).toMatch(new RegExp(`\\d left out: .*${why}`));
    expect(readFileSync(join(local, 'out.ndjson'), 'utf8').split('\n').slice(0, -1)).toEqual(curated);
  });
});
