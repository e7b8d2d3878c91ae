import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root, sluice, summaryOf } from './cli.ts';

const RECORDS = 400;

/** Every fifth record has a bad quantity, every tenth one that no fix mends; ids come back, so the dedup state counts. */
const records = Array.from({ length: RECORDS }, (_, i) =>
  JSON.stringify({
    id: `k${i % 350}`,
    qty: i % 10 === 3 ? 'none at all' : i % 10 === 8 ? `${i} pcs` : i,
    big: 'N',
  }).replace('"N"', '12345678901234567890'),
);
const isBad = (i: number) => i % 10 === 3 || i % 10 === 8;
const isMendable = (i: number) => i % 10 === 8;

let dir = '';
let out = '';
let topology = '';
let fix = '';
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-replay-'));
  topology = join(dir, 'shop.yaml');
  fix = join(dir, 'fix.yaml');
  writeFileSync(
    topology,
    [
      'name: shop',
      'input: { topic: in, format: json }',
      'steps:',
      '  - { id: sane, use: check, with: { rules: [{ field: qty, type: number }] } }',
      '  - { id: once, use: dedup, with: { key: [id], window: all } }',
      'output: { topic: out }',
      'outputs: { once.duplicates: again }',
    ].join('\n'),
  );
  writeFileSync(
    fix,
    "steps:\n  - { id: n, use: clean, with: { fields: { qty: [{ replace: { pattern: ' pcs$', with: '' } }, to-number] } } }\n",
  );
  writeFileSync(join(dir, 'in.ndjson'), `${records.join('\n')}\n`);
  out = join(dir, 'out');
  expect(await sluice(runArgs(out))).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function runArgs(local: string): string[] {
  return ['run', topology, '--local', local, '--topic', `in=${join(dir, 'in.ndjson')}`, '--quiet', '--json'];
}

function copy(name: string): string {
  const folder = join(dir, name);
  cpSync(out, folder, { recursive: true });
  return folder;
}

const replay = (local: string, ...flags: string[]) =>
  sluice(['replay', topology, '--local', local, '--json', ...flags]);
const read = (local: string, topic: string) => readFileSync(join(local, `${topic}.ndjson`), 'utf8');
const all = (local: string) => ['out', 'again', 'shop.quarantine'].map((topic) => read(local, topic)).join('--\n');

/** What a plain loop makes of it: first all records, then the mended ones in their order. */
function oracle(): { curated: string[]; duplicates: number; unfixable: number } {
  const seen = new Set<string>();
  const curated: string[] = [];
  let duplicates = 0;
  const take = (line: string) => {
    const { id } = JSON.parse(line);
    if (seen.has(id)) duplicates++;
    else curated.push(line);
    seen.add(id);
  };
  records.forEach((line, i) => {
    if (!isBad(i)) take(line);
  });
  records.forEach((line, i) => {
    if (isMendable(i)) take(line.replace(/"(\d+) pcs"/, '$1'));
  });
  return { curated, duplicates, unfixable: records.filter((_, i) => isBad(i) && !isMendable(i)).length };
}

describe('replay', () => {
  it('brings what a fix mends to curated exactly once, and what it does not back to quarantine as attempt 2', async () => {
    const local = copy('once');
    const before = all(local);
    const trial = await replay(local, '--fix', fix, '--dry-run');
    expect(all(local)).toBe(before);
    const { curated, duplicates, unfixable } = oracle();
    const done = await replay(local, '--fix', fix, '--run', 'first');
    expect(summaryOf(done)).toMatchObject({ run: 'first', records: 80, quarantined: unfixable });
    const { run: _run, dryRun: _dry, ...counts } = summaryOf(trial);
    expect(summaryOf(done)).toMatchObject(counts);
    expect(read(local, 'out').split('\n').slice(0, -1)).toEqual(curated);
    expect(read(local, 'again').split('\n')).toHaveLength(duplicates + 1);
    const attempts = read(local, 'shop.quarantine')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    expect(attempts.filter(({ attempt }) => attempt === 2)).toHaveLength(unfixable);
    expect(attempts.slice(80).map(({ origin }) => origin.offset)).toEqual(
      records.flatMap((_, i) => (isBad(i) && !isMendable(i) ? [i] : [])),
    );

    const settled = all(local);
    expect((await replay(local, '--fix', fix, '--run', 'first')).stderr).toContain('nothing new');
    expect(all(local)).toBe(settled);
    expect(summaryOf(await replay(local))).toMatchObject({ records: unfixable, quarantined: unfixable });
    expect((await replay(local)).stderr).toContain(`${unfixable} left out: refused 3 times`);
  });

  it('leaves the input where it was: what is appended later is read, nothing twice', async () => {
    const local = copy('appended');
    await replay(local, '--fix', fix);
    const again = await sluice(runArgs(local));
    expect(again).toMatchObject({ code: 0 });
    expect(summaryOf(again)).toMatchObject({ in: RECORDS + 80 });
    const size = read(local, 'out').length;
    writeFileSync(join(dir, 'in.ndjson'), `${records.join('\n')}\n{"id":"new","qty":1}\n`);
    try {
      expect(summaryOf(await sluice(runArgs(local)))).toMatchObject({ in: RECORDS + 81 });
      expect(read(local, 'out').slice(size)).toBe('{"id":"new","qty":1}\n');
    } finally {
      writeFileSync(join(dir, 'in.ndjson'), `${records.join('\n')}\n`);
    }
  });

  it('killed at any moment and given again, ends as if nothing had happened', async () => {
    const undisturbed = copy('undisturbed');
    const begun = performance.now();
    await replay(undisturbed, '--fix', fix);
    const whole = performance.now() - begun;
    const local = copy('killed');
    let kills = 0;
    for (let i = 0; i < 12; i++) if (await killed(local, (i / 12) * whole)) kills++;
    expect(kills).toBeGreaterThanOrEqual(5);
    await replay(local, '--fix', fix);
    expect(all(local)).toBe(all(undisturbed));
  });

  it('takes no attempt from the data, and refuses a second replay beside one that is not finished', async () => {
    const local = copy('open');
    expect(read(local, 'shop.quarantine')).not.toContain('"attempt"');
    expect(await killed(local, 0)).toBe(true);
    const other = await replay(local, '--run', 'other');
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain('--run replay-1');
  });
});

/** Starts a slow replay and kills it so long after its set is written; false when it had ended by then. */
function killed(local: string, afterMs: number): Promise<boolean> {
  const args = ['replay', topology, '--local', local, '--fix', fix, '--rate', '100/s'];
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args], { stdio: 'ignore' });
  const set = join(local, '.sluice/shop/replays/replay-1.ndjson');
  const watch = setInterval(() => {
    if (!existsSync(set)) return;
    clearInterval(watch);
    setTimeout(() => child.kill('SIGKILL'), afterMs);
  }, 5);
  return new Promise((resolve) => {
    child.on('close', (_code, signal) => {
      clearInterval(watch);
      resolve(signal === 'SIGKILL');
    });
  });
}
