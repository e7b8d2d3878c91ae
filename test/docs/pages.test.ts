import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeWithData } from '../data.ts';
import { describeWithKafka } from '../support/kafka/describe-kafka.ts';
import { blocksOf, type Command, commandsOf, type FollowOptions, followBlock, shellOf } from './page.ts';
import { type Coverage, PAGES } from './pages.ts';

const root = join(import.meta.dirname, '..', '..');
/** Pages for readers; decisions and generated references hold no commands to follow. */
const pages = [
  ...readdirSync(root).filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md'),
  ...['docs', 'deploy', 'topologies', 'grafana', 'test/bench']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.md') && !name.startsWith('operators/'))
        .map((name) => `${folder}/${name}`),
    ),
];

describe('commands on pages', () => {
  it.each(pages)('%s: each is in the table of pages', (page) => {
    const commands = blocksOf(page).flatMap(commandsOf);
    if (commands.length === 0) expect(PAGES).not.toHaveProperty([page]);
    else expect(PAGES, `add ${page} to test/docs/pages.ts`).toHaveProperty([page]);
  });

  it.each(pages)('%s: they stand in console or sh blocks, where they are found', (page) => {
    const other = blocksOf(page).filter(({ info }) => !/^(console|sh|bash)\b/.test(info));
    const hidden = other.flatMap(({ body }) =>
      body
        .split('\n')
        .filter((line) => /^(\$ |npm |npx |sluice [a-z-]+ |docker |kubectl |kafka-[a-z-]+\.sh |pip |curl )/.test(line)),
    );
    expect(hidden).toEqual([]);
  });

  it('the tests named in the table follow their pages', () => {
    for (const [page, coverage] of Object.entries(PAGES)) {
      if (!('by' in coverage)) continue;
      const text = readFileSync(join(root, coverage.by), 'utf8');
      expect([page, text.includes(`'${page}'`), text.includes('follow(')]).toEqual([page, true, true]);
    }
  });

  it('a page that needs containers says that they were not started here', () => {
    for (const [page, coverage] of Object.entries(PAGES)) {
      if (!('needsContainers' in coverage)) continue;
      expect(existsSync(join(root, coverage.needsContainers))).toBe(true);
      expect(readFileSync(join(root, page), 'utf8')).toContain('were not pulled or started');
    }
  });

  it('the table of the README has every command of the program, and no other', () => {
    const text = readFileSync(join(root, 'README.md'), 'utf8');
    const told = [...text.matchAll(/^\| `([a-z-]+) ?[^|]*` \|/gm)].map(([, name = '']) => name);
    const program = readFileSync(join(root, 'src', 'cli', 'program.ts'), 'utf8');
    const known = [...program.matchAll(/^ {2}'?([a-z-]+)'?: async/gm)].map(([, name = '']) => name);
    expect(new Set(told)).toEqual(new Set(known));
  });
});

for (const [page, coverage] of Object.entries(PAGES)) {
  if ('by' in coverage || 'needsContainers' in coverage) continue;
  const name = `${page}, followed word for word`;
  const test = (translate?: FollowOptions['translate']) => () =>
    it('works as it is written', { timeout: 60_000 }, () => followPage(page, coverage, translate));
  const { kafka, data } = coverage;
  if (kafka !== undefined) await describeWithKafka(name, (brokers) => test(kafka(brokers))());
  else if (data !== undefined) describeWithData(name, data, test());
  else describe(name, test());
}

async function followPage(
  page: string,
  coverage: Exclude<Coverage, { by: string } | { needsContainers: string }>,
  translate: FollowOptions['translate'],
): Promise<void> {
  const { prepare, inCheckout, endless = [], isSketch } = coverage;
  const folder = inCheckout === true ? root : mkdtempSync(join(tmpdir(), 'sluice-page-'));
  try {
    prepare?.(folder);
    const options = { folder, ...(translate === undefined ? {} : { translate }) };
    const isEndless = ({ text }: Command) => endless.some((start) => text.startsWith(start));
    for (const block of blocksOf(page)) {
      followBlock(block, { ...options, isSketch: isSketch === true, skip: isEndless });
      for (const command of commandsOf(block).filter(isEndless)) await stopAfterStart(command, options);
    }
  } finally {
    if (folder !== root) rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs until it is ready, asks it to stop, and wants a clean end. */
async function stopAfterStart(command: Command, options: FollowOptions): Promise<void> {
  const child = spawn('sh', ['-c', `exec ${shellOf(command, options)} 2>&1`], { cwd: options.folder });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let output = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output += chunk;
      if (/http:\/\/127\.0\.0\.1:\d+/.test(output)) resolve();
    });
  });
  await Promise.race([ready, ended]);
  const [, address] = /(http:\/\/127\.0\.0\.1:\d+)/.exec(output) ?? [];
  expect(address, output).toBeDefined();
  for (;;) {
    const { status } = await fetch(`${address}/readyz`);
    if (status === 200) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill('SIGTERM');
  expect(await ended, output).toBe(0);
}
