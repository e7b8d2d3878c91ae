import type { ChildProcess } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithProgram } from '../support/debian.ts';
import { root, sluice } from './cli.ts';
import { serve } from './serve.ts';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const PAGES = ['overview', 'rules', 'records', 'drift', 'trust', 'duplicates', 'tasks'] as const;
const LONG_TITLE = `${'long title '.repeat(18)}🎬`;
const MARKUP = '<img src=x onerror="window.pwned=1">\u001b[31mred\u202e';
/** Pictures of every page; `SLUICE_SHOTS` keeps them. */
const shots = process.env.SLUICE_SHOTS ?? join(root, '.cache', 'shots');

describeWithProgram('the console in a browser', { name: 'chromium', debianPackage: 'chromium' }, (path) => {
  let dir = '';
  let browser: Browser;
  let page: Page;
  let run: ChildProcess;
  let url = '';
  const errors: string[] = [];

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'sluice-console-'));
    mkdirSync(shots, { recursive: true });
    writeFileSync(join(dir, 'films.yaml'), topology());
    writeFileSync(join(dir, 'films.ndjson'), Array.from({ length: 2000 }, (_, i) => `${film(i)}\n`).join(''));
    [run, url] = await serve(dir, 'films', ['films']);
    browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(url);
    await page.getByText('live', { exact: true }).waitFor();
  });
  afterAll(async () => {
    await browser?.close();
    run?.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  it('shows the topology with what went over its edges, and counts that add up', async () => {
    await page.getByRole('group', { name: 'Steps and topics' }).waitFor();
    expect(await page.locator('.node').allTextContents()).toEqual(
      expect.arrayContaining(['sane: checksanecheck', 'topic films.curatedfilms.curated']),
    );
    await page.locator('.counts dd').getByText('2,000', { exact: true }).first().waitFor();
    await page.screenshot({ path: join(shots, 'overview.png') });
  });

  it('leads from a step of the picture to its page', async () => {
    await page.goto(`${url}#overview`);
    await page.getByRole('link', { name: 'sane: check' }).click();
    await page.getByRole('heading', { name: 'Rules (2,' }).waitFor();
  });

  it('leads from a failing rule to the very records, with the finding highlighted', async () => {
    await page.goto(`${url}#rules`);
    await page.getByRole('button', { name: 'title.length' }).click();
    const card = page.locator('.record').first();
    await card.waitFor();
    expect(await card.locator('.findings .asked').textContent()).toContain('title.length');
    expect(await card.locator('.hit').first().textContent()).toContain('long title');
    expect(await card.locator('.hit').first().textContent()).toContain('🎬');
    await page.screenshot({ path: join(shots, 'rules.png') });
  });

  it('shows markup, control characters and terminal codes as text', async () => {
    await page.goto(`${url}#records`);
    await page.getByLabel('text').fill('onerror');
    await page.getByRole('button', { name: 'search' }).click();
    const card = page.locator('.record', { hasText: 'onerror' }).first(); // those of before the search may still stand there
    await card.waitFor();
    const text = (await card.textContent()) ?? '';
    expect(text).toContain('<img src=x');
    expect(text).toContain('␛[31m');
    expect(text).not.toContain('\u202e');
    expect(await page.evaluate('window.pwned')).toBeUndefined();
    expect(await page.locator('.record img').count()).toBe(0);
    await page.screenshot({ path: join(shots, 'records.png') });
  });

  it('holds 2,000 rules of which only those in sight are in the page, and filters them', async () => {
    await page.goto(`${url}#rules`);
    await page.getByRole('heading', { name: 'Rules (2,' }).waitFor();
    expect(await page.locator('.long tbody tr').count()).toBeLessThan(80);
    await page.getByLabel('filter').fill('rule-1999');
    await page.getByRole('button', { name: 'rule-1999' }).waitFor();
    expect(await page.locator('.long tbody tr').count()).toBe(1);
  });

  it('brings what happens while it is watched', async () => {
    await page.goto(`${url}#overview`);
    appendFileSync(join(dir, 'films.ndjson'), Array.from({ length: 500 }, (_, i) => `${film(i + 2000)}\n`).join(''));
    await page.getByText('2,500', { exact: true }).first().waitFor();
  });

  it('goes by the keyboard alone', async () => {
    await page.goto(`${url}#overview`);
    await page.keyboard.press('7');
    await page.getByRole('heading', { name: 'Tasks' }).waitFor();
    await page.keyboard.press('/');
    await page.locator('#search:focus').waitFor();
  });

  it.each(PAGES)('%s has no violation that axe finds, dark and light, wide and narrow', async (name) => {
    await page.goto(`${url}#${name}`);
    await page.locator('.panel').first().waitFor();
    await expectAccessible(name);
  });

  async function expectAccessible(name: string): Promise<void> {
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1280, 380]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 900 });
        await page.screenshot({ path: join(shots, `${name}-${colorScheme}-${width}.png`), fullPage: true });
        await page.evaluate(AXE);
        const found = (await page.evaluate(
          "axe.run().then(({ violations }) => violations.map((v) => v.id + ': ' + v.nodes[0].html))",
        )) as string[];
        expect([name, colorScheme, width, ...found]).toEqual([name, colorScheme, width]);
        const overflow = await page.evaluate(
          'document.documentElement.scrollWidth - document.documentElement.clientWidth',
        );
        expect([name, width, overflow]).toEqual([name, width, 0]);
      }
    await page.setViewportSize({ width: 1280, height: 900 });
  }

  it('shows a drift alarm when it happens, with both distributions and the change point', async () => {
    writeFileSync(join(dir, 'sensor.yaml'), SENSOR);
    writeFileSync(join(dir, 'sensor.ndjson'), readings(0, 4000, 20));
    const [sensor, address] = await serve(dir, 'sensor', ['sensor']);
    try {
      await page.goto(`${address}#drift`);
      await page.getByText('temperature').first().waitFor(); // its charts, once the reference is taken
      expect(await page.locator('.alarm').count()).toBe(0);
      expect(await page.locator('.tile').textContent()).toContain('temperature');
      expect(await page.locator('.tile .histogram .reference rect').count()).toBeGreaterThan(3);
      appendFileSync(join(dir, 'sensor.ndjson'), readings(4000, 400, 26));
      await page.locator('.alarm.open').waitFor();
      const text = await page.locator('.alarm.open').first().textContent();
      expect(text).toContain('temperature');
      expect(text).toMatch(/changed at sensor\.ndjson record (39|40)\d\d/);
      expect(text).toMatch(/effect \d\.\d+ standard deviations, JS /);
      expect(await page.locator('.histogram .current rect').count()).toBeGreaterThan(3);
      await page.locator('.tile.drifted').waitFor();
      await page.locator('summary', { hasText: 'drift.alarm' }).click();
      expect(await page.locator('.turns li').allTextContents()).toEqual([
        expect.stringContaining('drift.referenced'),
        expect.stringMatching(/drift\.alarm.*location/),
      ]);
      await expectAccessible('drift-alarm');
      await page.goto(`${address}#overview`);
      await page.locator('.problems').getByText('drift.alarm of temperature').waitFor();
      await page.screenshot({ path: join(shots, 'overview-drift.png') });
    } finally {
      await page.goto(url);
      sensor.kill('SIGKILL');
    }
  });

  it('shows how far voters can be trusted, the worst first', async () => {
    writeFileSync(join(dir, 'crowd.yaml'), CROWD);
    const said = (item: number, voter: string) => (voter === 'troll' ? 'no' : item % 7 === 0 ? 'no' : 'yes');
    const votes = Array.from({ length: 60 }, (_, item) =>
      ['ann', 'ben', 'cem', 'troll'].map((voter) => ({ item: `i${item}`, voter, label: said(item, voter) })),
    );
    writeFileSync(join(dir, 'votes.ndjson'), lines(votes.flat()));
    const [crowd, address] = await serve(dir, 'crowd', ['votes']);
    try {
      await page.goto(`${address}#trust`);
      await page.getByRole('heading', { name: 'Voters (4)' }).waitFor();
      const names = await page.locator('.long tbody tr td:first-child').allTextContents();
      expect(names[0]).toBe('troll');
      expect(new Set(names)).toEqual(new Set(['troll', 'ann', 'ben', 'cem']));
      await expectAccessible('voters');
    } finally {
      await page.goto(url);
      crowd.kill('SIGKILL');
    }
  });

  it('shows which records and which queries repeat, and how they are written', async () => {
    writeFileSync(join(dir, 'repeats.yaml'), REPEATS);
    writeFileSync(join(dir, 'places.ndjson'), lines(PLACES.map((name) => ({ name }))));
    writeFileSync(join(dir, 'queries.ndjson'), lines(QUERIES.map((sql) => ({ sql }))));
    writeFileSync(join(dir, 'other.yaml'), SENSOR.replaceAll('sensor', 'other'));
    writeFileSync(join(dir, 'other.ndjson'), readings(0, 10, 20));
    const [repeats, address] = await serve(dir, ['other', 'repeats'], ['places', 'queries', 'other']);
    try {
      // two topologies in one process: each has a console of its own
      await page.goto(`${address}#duplicates`);
      await page.getByText('This topology has none.').waitFor();
      await page.getByLabel('topology').selectOption('repeats');
      const clusters = page.locator('.panel', { hasText: 'Largest clusters' }).locator('.group');
      await clusters.first().waitFor();
      await page.getByRole('cell', { name: '33.33 %' }).waitFor(); // one of three is flagged
      expect(await clusters.first().textContent()).toContain('1 more');
      expect(await clusters.first().locator('dd').allTextContents()).toEqual([folded(PLACES[0]), folded(PLACES[2])]);
      const queries = page.locator('.panel', { hasText: 'Queries asked most' }).locator('.group');
      await queries.first().waitFor();
      expect(await queries.first().textContent()).toContain('2 more');
      expect(await queries.first().locator('dd').allTextContents()).toEqual([QUERIES[0], QUERIES[1], QUERIES[0]]);
      await expectAccessible('repeats');
    } finally {
      await page.goto(url);
      repeats.kill('SIGKILL');
    }
  });

  it('leaves a report behind that opens from disk with every page in it', async () => {
    const out = join(dir, 'report');
    const args = [
      'run',
      join(dir, 'films.yaml'),
      '--local',
      out,
      '--topic',
      `films=${join(dir, 'films.ndjson')}`,
      '--quiet',
    ];
    expect(await sluice([...args, '--report', join(dir, 'report.html')])).toMatchObject({ code: 0 });
    const report = await browser.newPage();
    report.on('pageerror', (error) => errors.push(error.message));
    await report.goto(`file://${join(dir, 'report.html')}`);
    for (const name of PAGES) await report.locator(`#${name}`).waitFor();
    expect(await report.locator('.counts dd').first().textContent()).toBe('2,500');
    expect(await report.locator('.record').count()).toBeGreaterThan(0);
    await report.screenshot({ path: join(shots, 'report.png'), fullPage: true });
    await report.close();
    const again = await sluice(['report', out, '--out', join(dir, 'again.html')]);
    expect(again).toMatchObject({ code: 0 });
  });

  it('made no error on any page', () => expect(errors).toEqual([]));
});

const SENSOR = `name: sensor
input: { topic: sensor, format: json }
steps:
  - id: watch
    use: detect-drift
    with: { fields: { temperature: numeric }, reference: { records: 2000 }, falseAlarmEvery: { records: 1M } }
output: { topic: sensor.curated }
`;

const CROWD = `name: crowd
input: { topic: votes, format: json, key: [item] }
steps:
  - { id: consensus, use: vote, with: { method: hds, close: { minVotes: 4, maxVotes: 4 }, reportEvery: 20 } }
output: { topic: labels }
`;
const PLACES = [
  'The Golden Lantern Dumpling House, 12 Harbour Street',
  'Casa Bonita Tapas Bar, 7 Mill Lane',
  'Golden Lantern Dumpling House, 12 Harbour Street',
];
const QUERIES = [
  'select name from films where year > 2000 and gross > 5',
  'SELECT name FROM films WHERE gross > 5 AND year > 2000',
  'select name from films where year > 2000 and gross > 5',
  'select count(*) from films',
];
const REPEATS = `name: repeats
inputs:
  - { name: places, topic: places, format: json }
  - { name: queries, topic: queries, format: json }
steps:
  - id: near
    use: dedup-near
    from: places
    with: { fields: [name], kind: text, window: all, action: flag, threshold: 0.6 }
  - id: asked
    use: dedup-queries
    from: queries
    with: { query: sql, window: all }
outputs: { near.out: places.curated, asked.out: queries.new, asked.duplicates: queries.again }
`;

/** Texts are shown as they are compared. */
function folded(text = ''): string {
  return text.toLowerCase();
}

function lines(values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}

/** Readings around a mean, by a small generator of its own (Park and Miller): the same ones on every run. */
function readings(from: number, count: number, mean: number): string {
  let state = from + 1;
  const uniform = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  for (let i = 0; i < 10; i++) uniform();
  const noise = () => uniform() + uniform() + uniform() + uniform() - 2;
  return Array.from(
    { length: count },
    (_, i) => `${JSON.stringify({ n: from + i, temperature: mean + 3 * noise() })}\n`,
  ).join('');
}

function film(i: number): string {
  const title = i % 100 === 7 ? LONG_TITLE : i % 100 === 8 ? MARKUP : `film ${i}`;
  return JSON.stringify({ id: i, title, n: i % 50 });
}

/** Two rules that fail, and 1,998 that never do. */
function topology(): string {
  const rules = Array.from({ length: 1998 }, (_, i) => `        - { name: rule-${i + 2}, field: n, max: ${1000 + i} }`);
  return [
    'name: films',
    'description: films with titles of every kind',
    'input: { topic: films, format: json }',
    'steps:',
    '  - id: sane',
    '    use: check',
    '    with:',
    '      rules:',
    '        - { field: title, length: { max: 150 } }',
    "        - { field: title, notPattern: '<', severity: warn }",
    ...rules,
    '  - { id: once, use: dedup, with: { key: [id], window: all } }',
    'output: { topic: films.curated }',
    'outputs: { once.duplicates: films.again }',
  ].join('\n');
}
