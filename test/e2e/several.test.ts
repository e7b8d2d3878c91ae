import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { uniform } from '../../src/core/hash.ts';
import { outputsOf } from '../crash/crash-harness.ts';
import { root, sluice } from './cli.ts';
import { serve } from './serve.ts';

vi.setConfig({ testTimeout: 120_000 }); // processes are started and waited for

const RECORDS = 24_000; // far more than a process writes while the one that kills it is not scheduled

const ORDERS = `name: orders
input: { topic: in, format: json }
steps:
  - { id: sane, use: check, with: { rules: [{ name: price, field: price, between: [0, 90] }] } }
  - { id: once, use: dedup, with: { key: [id], window: all } }
output: { topic: orders.clean }
outputs: { once.duplicates: orders.again }
commit: { every: 10ms, records: 150 }
checkpoint: { every: 25ms }
`;
const SHOPS = `name: shops
input: { topic: in, format: json }
steps:
  - { id: by-shop, use: repartition, with: { key: [shop] } }
  - { id: first, use: dedup, with: { key: [shop, id], window: all } }
output: { topic: shops.clean }
commit: { every: 10ms, records: 200 }
checkpoint: { every: 25ms }
`;

let dir = '';
const at = (...path: readonly string[]) => join(dir, ...path);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-several-'));
  writeFileSync(at('orders.yaml'), ORDERS);
  writeFileSync(at('shops.yaml'), SHOPS);
  const rows = Array.from({ length: RECORDS }, (_, i) => {
    const id = Math.floor(uniform(1, i) * 27_000);
    return `{"id":${id},"shop":"s${Math.floor(uniform(2, i) * 7)}","price":${Math.floor(uniform(3, i) * 100)}}\n`;
  });
  writeFileSync(at('in.ndjson'), rows.join(''));
  for (const name of ['orders', 'shops']) expect(await sluice(args([name], 'apart'))).toMatchObject({ code: 0 });
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const plain = (name: string, input: string, output: string) =>
  `name: ${name}
input: { topic: ${input}, format: json }
steps:
  - { id: s, use: filter, with: { where: 'true' } }
output: { topic: ${output} }
commit: { every: 20ms }
`;

/** `names` in one process, into the folder `out`. */
function args(names: readonly string[], out: string, ...flags: readonly string[]): string[] {
  const files = names.map((name) => at(`${name}.yaml`));
  return ['run', ...files, '--local', at(out), '--topic', `in=${at('in.ndjson')}`, '--quiet', ...flags];
}

function linesOf(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Runs both, and kills the process once `watched` has `bytes` more. Whether it was killed. */
async function killed(out: string, watched: string, bytes: number): Promise<boolean> {
  mkdirSync(at(out), { recursive: true });
  const size = () => statSync(at(out, watched), { throwIfNoEntry: false })?.size ?? 0;
  const atBytes = size() + bytes;
  const child = spawn(process.execPath, [join(root, 'src/cli/main.ts'), ...args(['orders', 'shops'], out)], {
    stdio: 'ignore',
  });
  const look = setInterval(() => size() >= atBytes && child.kill('SIGKILL'), 1);
  const signal = await new Promise((resolve) => child.on('close', (_code, by) => resolve(by)));
  clearInterval(look);
  return signal === 'SIGKILL';
}

describe('two topologies in one process', () => {
  it('write into one folder what two runs write, and tell of each in the order given', async () => {
    const both = await sluice(args(['shops', 'orders'], 'together', '--json'));
    expect(both).toMatchObject({ code: 0, stderr: '' });
    expect(linesOf(both.stdout)).toMatchObject([
      { topology: 'shops', in: RECORDS },
      { topology: 'orders', in: RECORDS },
    ]);
    const apart = outputsOf(dir, 'apart');
    expect(Object.keys(apart)).toEqual(expect.arrayContaining(['orders.again.ndjson', 'shops.clean.ndjson']));
    expect(outputsOf(dir, 'together')).toEqual(apart);
  });

  it('give the same bytes after kill -9, time and again', async () => {
    rmSync(at('killed'), { recursive: true, force: true });
    let kills = 0;
    for (let n = 0; n < 8; n++) {
      const [watched, bytes] = n % 2 === 0 ? ['orders.clean.ndjson', 20_000] : ['shops.clean.ndjson', 25_000];
      if (!(await killed('killed', watched, bytes))) break;
      kills++;
    }
    expect(kills).toBeGreaterThanOrEqual(4);
    expect(await sluice(args(['orders', 'shops'], 'killed'))).toMatchObject({ code: 0 });
    expect(outputsOf(dir, 'killed')).toEqual(outputsOf(dir, 'apart'));
  });

  it('are judged by the gates one by one', async () => {
    const judged = await sluice(args(['orders', 'shops'], 'together', '--fail-on', 'rule:price', '--json'));
    expect(judged.code).toBe(3);
    expect(judged.stderr).toMatch(/^orders: gate 'rule:price' is violated/);
    expect(judged.stderr).not.toContain('shops:');
    expect(linesOf(judged.stdout)).toHaveLength(2);
  });

  it('stop both when one gives up, with its exit code, and go on from there', async () => {
    const breaker = 'breaker: { open: { quarantined: 0.05, over: { records: 200 }, minRecords: 100 }, action: stop }\n';
    writeFileSync(at('strict.yaml'), ORDERS.replaceAll('orders', 'strict').concat(breaker));
    const child = await sluice(args(['shops', 'strict'], 'strict', '--follow', '--json'));
    expect(child.code).toBe(3);
    expect(child.stderr).toContain('"code":"topology-failed"');
    expect(linesOf(child.stdout)).toMatchObject([{ topology: 'shops' }]);
    // its lock is given back and its last commit has a checkpoint: it goes on as after SIGTERM
    expect(await sluice(args(['shops'], 'strict'))).toMatchObject({ code: 0 });
    const apart = outputsOf(dir, 'apart');
    expect(outputsOf(dir, 'strict')['shops.clean.ndjson']).toEqual(apart['shops.clean.ndjson']);
  });
});

describe('two topologies that go on', () => {
  it('share metrics, probes and console', async () => {
    mkdirSync(at('live'));
    for (const name of ['a', 'b']) {
      writeFileSync(at('live', `${name}.yaml`), plain(name, 'in', `${name}.out`));
    }
    writeFileSync(at('live', 'in.ndjson'), '{"n":1}\n');
    const [child, url] = await serve(at('live'), ['a', 'b'], ['in']);
    const exit = new Promise((resolve) => child.on('close', resolve));
    try {
      await until(async () => (await fetch(`${url}readyz`)).status === 200);
      expect(await (await fetch(`${url}readyz`)).json()).toEqual({
        ready: true,
        reasons: [],
        tasks: [
          { task: 'a/source/in/0', state: 'running' },
          { task: 'b/source/in/0', state: 'running' },
        ],
      });
      expect(await (await fetch(`${url}api/topologies`)).json()).toEqual(['a', 'b']);
      expect(await (await fetch(`${url}api/view?topology=b`)).json()).toMatchObject({ topology: 'b' });
      appendFileSync(at('live', 'in.ndjson'), '{"n":2}\n');
      const counted = (name: string) => `sluice_fates_total{topology="${name}",fate="curated"} 2`;
      await until(async () => {
        const text = await (await fetch(`${url}metrics`)).text();
        return text.includes(counted('a')) && text.includes(counted('b'));
      });
    } finally {
      child.kill('SIGTERM');
    }
    expect(await exit).toBe(0);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 400; i++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('did not come within 10 s');
}

it('topologies that cannot run side by side are refused before anything is read', async () => {
  writeFileSync(at('bad0.yaml'), plain('a', 'in', 'x'));
  writeFileSync(at('bad1.yaml'), plain('b', 'in', 'x'));
  const refused = await sluice(args(['bad0', 'bad1'], 'bad'));
  expect(refused).toMatchObject({ code: 2, stdout: '' });
  expect(refused.stderr).toContain('a and b both write x');
});
