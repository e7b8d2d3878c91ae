import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');
const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
let project = '';

function run(command: string, args: readonly string[], cwd = project): string {
  return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('the package, installed into an empty project', () => {
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'sluice-package-'));
    run(process.execPath, ['scripts/build.ts'], root);
    run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', project], root);
    const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'));
    if (tarball === undefined) throw new Error('npm pack made no file');
    writeFileSync(
      join(project, 'package.json'),
      JSON.stringify({ name: 'empty', version: '1.0.0', type: 'module', private: true }),
    );
    run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', `./${tarball}`]);
    const types = join(project, 'node_modules', '@types');
    mkdirSync(types, { recursive: true });
    if (!existsSync(join(types, 'node')))
      symlinkSync(join(root, 'node_modules', '@types', 'node'), join(types, 'node'));
  }, 240_000);

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  it('runs a topology by npx sluice', () => {
    writeFileSync(
      join(project, 't.yaml'),
      'name: t\ninput: { topic: a, format: json }\nsteps:\n  - { id: sane, use: check, with: { rules: [{ field: x, required: true }] } }\noutput: { topic: b }\n',
    );
    writeFileSync(join(project, 'a.ndjson'), '{"x":1}\n{"y":2}\n');
    const stdout = run('npx', [
      '--no-install',
      'sluice',
      'run',
      't.yaml',
      '--local',
      'out',
      '--topic',
      'a=a.ndjson',
      '--json',
    ]);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ in: 2, curated: 1, quarantined: 1 });
    expect(readFileSync(join(project, 'out', 'b.ndjson'), 'utf8')).toBe('{"x":1}\n');
  });

  it('exports NDJSON without DuckDB, and says what Parquet needs', () => {
    const args = ['--no-install', 'sluice', 'export', 'out', '--topic', 'b', '--out'];
    run('npx', [...args, 'exported']);
    expect(readFileSync(join(project, 'exported', 'part-00000.ndjson'), 'utf8')).toBe('{"x":1}\n');
    expect(() => run('npx', [...args, 'table', '--parquet'])).toThrow('npm install @duckdb/node-api');
    expect(existsSync(join(project, 'table'))).toBe(false);
  });

  it('is imported with types under nodenext', () => {
    writeFileSync(
      join(project, 'use.ts'),
      `import { defineTopology, run, fromRx, type Operator } from 'sluice';
import { TopologyDriver, operatorContract } from 'sluice/testing';
import * as kernels from 'sluice/kernels';
export const names: string[] = Object.keys(kernels);
export const all: unknown[] = [run, fromRx, TopologyDriver, operatorContract];
export const none: readonly Operator[] = [];
export const topology = defineTopology({ name: 't', input: { topic: 'a', format: 'json' }, steps: [], output: { topic: 'b' } });
// @ts-expect-error a topology needs a name
defineTopology({ input: { topic: 'a', format: 'json' }, steps: [] });
`,
    );
    writeFileSync(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: { module: 'nodenext', target: 'es2024', strict: true, noEmit: true, types: ['node'] },
        include: ['use.ts'],
      }),
    );
    expect(run(join(bin, 'tsc'), ['-p', '.'])).toBe('');
  });
});
