import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { outputsOf } from '../crash/crash-harness.ts';
import { describeWithProgram } from '../support/debian.ts';
import { root, sluice } from './cli.ts';
import { LiveRun } from './live-run.ts';

vi.setConfig({ testTimeout: 120_000 }); // processes are started and waited for

/** Remembers ids, and marks every record with the version that saw it; `limit` is the rule that changes. */
const text = (version: number, limit = 50, more = '') => `name: shop
input: { topic: in, format: json }
steps:
  - { id: sane, use: check, with: { rules: [{ name: low, field: n, max: ${limit} }] } }
  - { id: once, use: dedup, with: { key: [id], window: all } }
  - { id: by-id, use: repartition, with: { key: [id] } }
  - { id: mark, use: set, with: { fields: { version: { value: ${version} } } } }
output: { topic: shop.out }
commit: { every: 20ms }
${more}`;

/** Every id twice, the second time far behind the first; so a state that is lost shows. */
const rows = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => `{"id":${(from + i) % 300},"n":${(from + i) % 97}}\n`).join('');

let dir = '';
let run: LiveRun | undefined;
const at = (...path: readonly string[]) => join(dir, ...path);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-reload-'));
});
afterEach(() => run?.signal('SIGKILL'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A folder with the topology of version 1 and an input. */
function job(name: string, input: string): string {
  mkdirSync(at(name));
  writeFileSync(at(name, 'shop.yaml'), text(1));
  writeFileSync(at(name, 'in.ndjson'), input);
  return name;
}

function follow(name: string, ...flags: readonly string[]): LiveRun {
  const input = `in=${at(name, 'in.ndjson')}`;
  run = new LiveRun([at(name, 'shop.yaml'), '--local', at(name, 'out'), '--topic', input, '--follow', ...flags]);
  return run;
}

const counted = (records: number) => `sluice_input_records_total{topology="shop"} ${records}\n`;
const reloaded = (result: string, n: number) => `sluice_reloads_total{topology="shop",result="${result}"} ${n}\n`;
/** Ids that have left once `records` were read, of which those from 400 on met the rule of version 2. */
function curated(records: number): number {
  const seen = new Set<number>();
  for (let i = 0; i < records; i++) if (i % 97 <= (i < 400 ? 50 : 80)) seen.add(i % 300);
  return seen.size;
}
const out = (name: string) => readFileSync(at(name, 'out', 'shop.out.ndjson'), 'utf8');

/** What was read has left the second stage too: else it would leave with the next version. */
function left(name: string, live: LiveRun, records: number): Promise<void> {
  const lines = curated(records);
  const isThere = () => existsSync(at(name, 'out', 'shop.out.ndjson')) && out(name).split('\n').length - 1 === lines;
  return live.until(`${lines} records out`, isThere);
}

describe('SIGHUP', () => {
  it('takes the changed file up at a commit: the bytes are those of a stop and a start by hand', async () => {
    job('hand', rows(0, 400));
    const first = follow('hand');
    await first.says(counted(400));
    await left('hand', first, 400);
    expect(await first.stop()).toBe(0);
    writeFileSync(at('hand', 'shop.yaml'), text(2, 80));
    appendFileSync(at('hand', 'in.ndjson'), rows(400, 800));
    const second = follow('hand');
    await second.says(counted(400));
    await left('hand', second, 800);
    expect(await second.stop()).toBe(0);

    job('live', rows(0, 400));
    const live = follow('live');
    await live.says(counted(400));
    await left('live', live, 400);
    writeFileSync(at('live', 'shop.yaml'), text(2, 80));
    live.signal('SIGHUP');
    await live.says(reloaded('applied', 1));
    await live.ready();
    expect(live.stderr).toContain('"code":"reload-applied"');
    appendFileSync(at('live', 'in.ndjson'), rows(400, 800));
    await live.says(counted(800));
    await left('live', live, 800);
    expect(await live.stop()).toBe(0);
    expect(outputsOf(at('live'), 'out')).toEqual(outputsOf(at('hand'), 'out'));
    expect(new Set([...out('live').matchAll(/"version":(\d)/g)].map(([, version]) => version))).toEqual(
      new Set(['1', '2']),
    );
    const { seconds: _s, recordsPerSecond: _r, resumed: _m, ...byHand } = JSON.parse(second.stdout);
    expect(JSON.parse(live.stdout)).toMatchObject({ ...byHand, in: 800, resumed: false });
  });

  it('of a file that says the same does nothing but say so', async () => {
    job('same', rows(0, 10));
    const live = follow('same');
    await live.says(counted(10));
    writeFileSync(at('same', 'shop.yaml'), `# a remark\n${text(1)}`);
    live.signal('SIGHUP');
    await live.says(reloaded('unchanged', 1));
    expect(live.stderr.match(/"code":"reload-/g)).toHaveLength(1);
    expect(await live.stop()).toBe(0);
    expect(live.stdout).toContain('"in":10');
  });

  it.each([
    ['a file that is broken', 'name: [', 'yaml'],
    ['another name', text(2).replace('name: shop', 'name: other'), 'it is called other now'],
    ['a step with state that is gone', text(2).replace(/.*id: once.*\n/, ''), 'there was a step once'],
    [
      'a step with state of another key',
      text(2).replace('key: [id]', 'key: [n]'),
      'step once was configured differently',
    ],
    ['a divided topology made whole', text(2).replace(/.*id: by-id.*\n/, ''), 'there was a step by-id'],
    ['an output that is not ours', text(2).replace('shop.out', 'taken'), 'taken.ndjson exists'],
  ])('refuses %s, and the former version goes on', async (what, changed, words) => {
    const name = job(what.replaceAll(' ', '-'), rows(0, 100));
    mkdirSync(at(name, 'out'));
    writeFileSync(at(name, 'out', 'taken.ndjson'), '{"of":"somebody"}\n');
    const live = follow(name);
    await live.says(counted(100));
    writeFileSync(at(name, 'shop.yaml'), changed);
    live.signal('SIGHUP');
    await live.says(reloaded('refused', 1));
    expect(live.stderr).toContain('"code":"reload-refused"');
    expect(live.stderr).toContain(words);
    await live.ready();
    appendFileSync(at(name, 'in.ndjson'), rows(100, 200));
    await live.says(counted(200));
    writeFileSync(at(name, 'shop.yaml'), text(3));
    live.signal('SIGHUP');
    await live.says(reloaded('applied', 1));
    appendFileSync(at(name, 'in.ndjson'), rows(200, 300));
    await live.says(counted(300));
    expect(await live.stop()).toBe(0);
    const versions = [...out(name).matchAll(/"id":(\d+).*"version":(\d)/g)].map(([, id, version]) => [+id!, +version!]);
    expect(versions.filter(([id]) => id! < 200).every(([, version]) => version === 1)).toBe(true);
    expect(versions.filter(([id]) => id! >= 200).every(([, version]) => version === 3)).toBe(true);
    expect(readFileSync(at(name, 'out', 'taken.ndjson'), 'utf8')).toBe('{"of":"somebody"}\n');
  });

  it('does not accept again what the start was told to accept', async () => {
    job('consent', rows(0, 100));
    await sluice([
      'run',
      at('consent', 'shop.yaml'),
      '--local',
      at('consent', 'out'),
      '--topic',
      `in=${at('consent', 'in.ndjson')}`,
    ]);
    const live = follow('consent', '--from-start');
    await live.says(counted(100));
    writeFileSync(at('consent', 'shop.yaml'), text(2));
    live.signal('SIGHUP');
    await live.says(reloaded('applied', 1));
    expect(await live.stop()).toBe(0);
    expect(JSON.parse(live.stdout)).toMatchObject({ in: 100 });
    expect(out('consent')).not.toContain('"version":2');
  });

  it('leaves no trace of a kill -9 in the middle of it', async () => {
    const N = 2000;
    const ids = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => `{"id":${from + i},"n":1}\n`).join('');
    job('killed', ids(0, N));
    const more = 'checkpoint: { every: 40ms }\n';
    const start = () => follow('killed');
    writeFileSync(at('killed', 'shop.yaml'), text(1, 50, more));
    let fed = N;
    let version = 1;
    for (const delayMs of [0, 5, 15, 40]) {
      const live = start();
      await live.ready();
      appendFileSync(at('killed', 'in.ndjson'), ids(fed, fed + 500));
      fed += 500;
      writeFileSync(at('killed', 'shop.yaml'), text(version + 1, 50, more));
      live.signal('SIGHUP');
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      live.signal('SIGKILL');
      await live.ended;
      // as after any kill: the new version, or, where records must be read again, the former one to a clean stop
      const next = start();
      const isAccepted = await Promise.race([next.ready().then(() => true), next.ended.then(() => false)]).catch(
        () => false,
      );
      if (!isAccepted) {
        expect(await next.ended).toBe(1);
        expect(next.stderr).toContain('--accept-replay');
        writeFileSync(at('killed', 'shop.yaml'), text(version, 50, more));
        const former = start();
        await former.ready();
        expect(await former.stop()).toBe(0);
      } else {
        expect(await next.stop()).toBe(0);
        version++;
      }
    }
    const last = start();
    await last.ready();
    await last.until('all of it', () => out('killed').split('\n').length > fed);
    expect(await last.stop()).toBe(0);
    const seen = out('killed')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly id: number; readonly version: number });
    expect(seen.map(({ id }) => id)).toEqual(Array.from({ length: fed }, (_, i) => i));
    const versions = seen.map((one) => one.version);
    expect(versions).toEqual([...versions].sort((a, b) => a - b));
  });
});

/** A terminal with a run in it: SIGHUP while it is there, then the terminal goes. Prints the status the run ended with. */
const TERMINAL = `
import os, pty, select, signal, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
seen = b''
def until(words):
    global seen
    end = time.time() + 20
    while words not in seen and time.time() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 4096)
    if words not in seen:
        sys.exit('no ' + str(words) + ' in ' + str(seen))
until(b'listening on')
os.kill(pid, signal.SIGHUP)
until(b'reload-unchanged')
os.close(terminal)
print(os.waitpid(pid, 0)[1])
`;

describeWithProgram('in a terminal', { name: 'python3', debianPackage: 'python3' }, (python) => {
  it('SIGHUP reloads while the terminal is there, and ends the run when it is gone', () => {
    job('terminal', rows(0, 5));
    const args = ['run', at('terminal', 'shop.yaml'), '--local', at('terminal', 'out'), '--topic'];
    const command = [process.execPath, join(root, 'src/cli/main.ts'), ...args, `in=${at('terminal', 'in.ndjson')}`];
    const flags = ['--follow', '--http', '127.0.0.1:0'];
    const ended = spawnSync(python, ['-c', TERMINAL, ...command, ...flags], { encoding: 'utf8' });
    expect([ended.stdout, ended.stderr]).toEqual([`${constants.signals.SIGHUP}\n`, '']);
  });
});

describe('several topologies', () => {
  it('only what has changed stops, and what cannot stand beside the others is refused', async () => {
    job('both', rows(0, 50));
    const other = (output: string) => text(1).replace('name: shop', 'name: other').replace('shop.out', output);
    writeFileSync(at('both', 'other.yaml'), other('other.out'));
    const live = follow('both', at('both', 'other.yaml'));
    await live.says(counted(50));
    await live.ready();
    writeFileSync(at('both', 'other.yaml'), other('shop.out'));
    live.signal('SIGHUP');
    await live.says('sluice_reloads_total{topology="other",result="refused"} 1');
    expect(live.stderr).toContain('shop and other both write shop.out');
    await live.says(reloaded('unchanged', 1));
    writeFileSync(at('both', 'other.yaml'), other('elsewhere'));
    live.signal('SIGHUP');
    await live.says('sluice_reloads_total{topology="other",result="applied"} 1');
    await live.says(reloaded('unchanged', 2));
    expect(await live.stop()).toBe(0);
  });
});

describe('--watch', () => {
  it('takes a file up when it is saved', async () => {
    job('watched', rows(0, 20));
    const live = follow('watched', '--watch');
    await live.says(counted(20));
    writeFileSync(at('watched', 'shop.yaml'), text(2));
    await live.says(reloaded('applied', 1));
    expect(await live.stop()).toBe(0);
  });

  it('is refused for a module', async () => {
    writeFileSync(
      at('module.mjs'),
      `export const topology = { raw: { name: 'm', input: { topic: 'in', format: 'json' }, steps: [{ id: 's', use: 'filter', with: { where: 'true' } }], output: { topic: 'o' } }, file: 'm', folder: '.', locate: () => ({ file: 'm', line: 1, column: 1 }) };\n`,
    );
    const refused = await sluice(['run', at('module.mjs'), '--local', at('out'), '--watch']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is a module') });
  });
});
