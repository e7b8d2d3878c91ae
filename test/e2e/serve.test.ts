import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './cli.ts';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'sluice-serve-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Polls until `probe` gives something; fails with what was seen last. */
async function eventually<T>(probe: () => Promise<T | undefined> | T | undefined, what: string): Promise<T> {
  for (let i = 0; i < 400; i++) {
    const found = await probe();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`${what} did not come within 10 s`);
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.on('exit', (code) => resolve(code)));
}

describe('a run that follows its input', () => {
  it('takes what is added, serves probes and metrics, and stops cleanly on SIGTERM', { timeout: 40_000 }, async () => {
    const input = join(dir, 'in.ndjson');
    writeFileSync(
      join(dir, 't.yaml'),
      'name: live\ninput: { topic: in, format: json }\ncommit: { every: 50ms }\nsteps:\n  - { id: sane, use: check, with: { rules: [{ field: id, required: true }] } }\noutput: { topic: out }\n',
    );
    writeFileSync(input, '{"id":1}\n{"no":1}\n{"id":');
    const args = [
      join(root, 'src/cli/main.ts'),
      'run',
      't.yaml',
      '--local',
      'out',
      '--topic',
      'in=in.ndjson',
      '--follow',
      '--http',
      '127.0.0.1:0',
      '--json',
      '--quiet',
    ];
    const child = spawn(process.execPath, args, { cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const exit = exitOf(child);
    try {
      const url = await eventually(() => /listening on (\S+)/.exec(stderr)?.[1], 'the address');
      await eventually(async () => ((await fetch(`${url}/readyz`)).status === 200 ? true : undefined), 'readiness');
      const curated = join(dir, 'out', 'out.ndjson');
      await eventually(
        () => (existsSync(curated) && readFileSync(curated, 'utf8') === '{"id":1}\n' ? true : undefined),
        'the first record',
      );
      appendFileSync(input, '2}\n');
      await eventually(
        () => (readFileSync(curated, 'utf8') === '{"id":1}\n{"id":2}\n' ? true : undefined),
        'the completed line',
      );
      // counters are published after the commit that makes the line visible
      const metrics = await eventually(async () => {
        const text = await (await fetch(`${url}/metrics`)).text();
        return text.includes('sluice_fates_total{topology="live",fate="curated"} 2') ? text : undefined;
      }, 'the counters of the second commit');
      expect(metrics).toContain('sluice_fates_total{topology="live",fate="quarantined"} 1');
      expect(metrics).toContain('sluice_input_records_total{topology="live"} 3');
      expect(metrics).toContain(
        'sluice_findings_total{topology="live",step="sane",rule="id.required",severity="error"} 1',
      );
      expect(metrics).toMatch(/sluice_build_info\{version="[\d.]+",node="v24[\d.]+"\} 1/);
      expect((await fetch(`${url}/livez`)).status).toBe(200);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await exit).toBe(0);
    expect(JSON.parse(stdout.trim())).toMatchObject({ in: 3, curated: 2, quarantined: 1 });
  });
});
