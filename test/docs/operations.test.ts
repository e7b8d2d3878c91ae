import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { settingsOf } from '../../src/brokers/kafka/topic-settings.ts';
import { METRICS } from '../../src/telemetry/catalogue.ts';

const root = join(import.meta.dirname, '..', '..');
const path = join(root, 'docs', 'operations.md');
const text = readFileSync(path, 'utf8');
const all = (pattern: RegExp) => [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''))];

it('names metrics of the catalogue', () => {
  const known = METRICS.map(({ name }) => name as string);
  const named = all(/\b(sluice_\w+)/g);
  expect(named.length).toBeGreaterThan(4);
  expect(named.filter((name) => !known.includes(name))).toEqual([]);
});

it('names flags that commands have', () => {
  const cli = join(root, 'src', 'cli');
  const sources = readdirSync(cli).filter((name) => name.endsWith('.ts'));
  const options = sources.map((name) => readFileSync(join(cli, name), 'utf8')).join('\n');
  // of Kafka's own tools
  const foreign = new Set(['--delete']);
  const named = all(/(--[a-z][a-z-]+)/g).filter((flag) => !foreign.has(flag));
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((flag) => !new RegExp(`'${flag}[' ]`).test(options))).toEqual([]);
});

it('links to files that are there', () => {
  const links = all(/\]\(([^)#]+)\)/g);
  expect(links.length).toBeGreaterThan(3);
  expect(links.filter((link) => !existsSync(join(dirname(path), link)))).toEqual([]);
});

it('tells the settings with which topics are made', () => {
  const row = (start: string) => text.split('\n').find((line) => line.startsWith(`| ${start}`)) ?? '';
  for (const [role, start] of [
    ['state', 'state'],
    ['repartition', 'between stages'],
  ] as const) {
    const settings = settingsOf({ role, topic: 't' }, 0);
    for (const name of ['cleanup.policy', 'retention.ms', 'retention.bytes'])
      expect(row(start), role).toContain(`${name}=${settings[name]}`);
  }
});
