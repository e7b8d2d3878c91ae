import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from './compose-file.ts';
import { execForm, readDockerfile } from './dockerfile.ts';

const instructions = readDockerfile();
const of = (stage: string, name: string) =>
  instructions.filter((one) => one.stage === stage && one.name === name).map(({ text }) => text);
const ignored = new Set(readFileSync(join(root, '.dockerignore'), 'utf8').trim().split('\n'));
const node = join(root, 'node_modules/node/bin/node');

const HIDDEN_LOCK = join('node_modules', '.package-lock.json');

describe('the Dockerfile', () => {
  let context = '';
  let image = '';
  beforeAll(() => {
    // beside node_modules, so that a copy of it costs links alone
    context = mkdtempSync(join(root, '.cache', 'docker-build-'));
    image = mkdtempSync(join(root, '.cache', 'docker-image-'));
    for (const entry of readdirSync(root))
      if (!ignored.has(entry) && !entry.startsWith('.'))
        cpSync(join(root, entry), join(context, entry), { recursive: true });
    execFileSync('cp', ['-al', join(root, 'node_modules'), join(context, 'node_modules')]);
    rmSync(join(context, HIDDEN_LOCK), { force: true }); // npm writes into it, and would write into ours
    if (existsSync(join(root, HIDDEN_LOCK))) cpSync(join(root, HIDDEN_LOCK), join(context, HIDDEN_LOCK));
  });
  afterAll(() => {
    for (const dir of [context, image]) rmSync(dir, { recursive: true, force: true });
  });

  it('runs on the major version that the engine is pinned to, as a user without rights', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const bases = instructions.filter(({ name }) => name === 'FROM').map(({ text }) => text.split(' ')[0]);
    const [major] = /\d+/.exec(devDependencies.node) ?? [];
    expect(bases).toEqual([`node:${major}-bookworm-slim`, `node:${major}-bookworm-slim`, 'sluice']);
    expect(of('sluice', 'USER')).toEqual(['node']);
    expect(of('build', 'RUN')[0]).toMatch(/^npm ci --ignore-scripts/); // the lock file is kept to, by every npm test
  });

  it('builds with its own commands, and what is left runs', { timeout: 120_000 }, () => {
    const env = {
      ...process.env,
      PATH: `${join(root, 'node_modules/node/bin')}:${process.env.PATH}:${context}/node_modules/.bin`,
    };
    for (const command of of('build', 'RUN').slice(1)) {
      const run = spawnSync('sh', ['-c', command], { cwd: context, env, encoding: 'utf8' });
      expect([command, run.status, run.stderr]).toEqual([command, 0, expect.anything()]);
    }
    for (const text of [...of('sluice', 'COPY'), ...of('feeder', 'COPY')]) {
      const words = text.split(' ').filter((word) => !word.startsWith('--from'));
      const to = words.pop() ?? '';
      for (const from of words)
        cpSync(
          join(context, from.replace(/^\/app\//, '')),
          join(image, to === './' ? from.replace(/^\/app\//, '') : to),
          {
            recursive: true,
          },
        );
    }
    const [entry = ''] = of('sluice', 'ENTRYPOINT');
    const [program, script = ''] = execForm(entry);
    expect(program).toBe('node');
    const main = script.replace('/app', image);
    const out = join(image, 'out');
    const ran = spawnSync(
      node,
      [
        main,
        'run',
        'topologies/movies.yaml',
        '--local',
        out,
        '--topic',
        `movies.raw=${join(image, 'films.json')}`,
        '--json',
      ],
      { cwd: image, encoding: 'utf8' },
    );
    expect([ran.status, JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '{}')]).toMatchObject([0, { in: 3201 }]);
    expect(existsSync(join(image, 'feed.ts'))).toBe(true);
  });

  it('leaves development behind', () => {
    for (const name of ['typescript', 'vitest', 'esbuild', 'kubernetes-models', 'node'])
      expect([name, existsSync(join(image, 'node_modules', name))]).toEqual([name, false]);
    expect(existsSync(join(root, 'node_modules', 'typescript', 'package.json'))).toBe(true); // the copy was a copy
    const kilobytes = Number(execFileSync('du', ['-sk', image], { encoding: 'utf8' }).split('\t')[0]);
    expect(kilobytes).toBeLessThan(120_000);
  });
});
