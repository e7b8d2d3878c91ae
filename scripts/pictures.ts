/** `npm run pictures` makes the pictures of docs/on-call.md and the README: a live run with a planted drift, and the report of the films. Needs Chromium (`CHROMIUM`, default /usr/bin/chromium). */
import { spawn, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const root = join(import.meta.dirname, '..');
const pictures = join(root, 'docs', 'pictures');
const dir = mkdtempSync(join(tmpdir(), 'sluice-pictures-'));
const input = join(dir, 'machines.ndjson');

const TOPOLOGY = `name: machines
description: readings of machines; a sensor is replaced at record 6,000 and reports in another unit
input: { topic: machines, format: json, eventTime: time }
steps:
  - id: tidy
    use: clean
    with: { fields: { machine: [trim, upper-case] } }
  - id: plausible
    use: check
    with:
      rules:
        - { field: machine, required: true }
        - { field: temperature, between: [-20, 60] }
        - { name: load-known, field: load, required: true, severity: warn }
  - id: drift
    use: detect-drift
    with: { fields: { temperature: numeric, load: numeric }, reference: { records: 2000 }, falseAlarmEvery: { records: 1M } }
  - { id: once, use: dedup, with: { key: [machine, time], window: 1h, scope: partition } }
output: { topic: machines.curated }
outputs: { once.duplicates: machines.again }
`;

/** Celsius, or Fahrenheit. */
function readings(from: number, count: number, fahrenheit: boolean): string {
  const noise = (i: number, k: number) => (((i * k) % 1009) + ((i * (k + 2)) % 997)) / 1003 - 1;
  return Array.from({ length: count }, (_, n) => {
    const i = from + n;
    const celsius = 18 + 4 * noise(i, 7919);
    return `${JSON.stringify({
      time: new Date(Date.UTC(2026, 4, 1) + i * 1000).toISOString(),
      machine: i % 211 === 5 ? null : ` m${i % 12} `,
      temperature: Math.round((fahrenheit ? celsius * 1.8 + 32 : celsius) * 10) / 10,
      ...(i % 40 === 3 ? {} : { load: Math.round(500 + 90 * noise(i, 104729)) / 1000 }),
    })}\n`;
  }).join('');
}

/** Path of the report of a run over the list of films. */
function filmsReport(): string {
  const path = join(dir, 'report.html');
  const films = join(root, 'node_modules/vega-datasets/data/movies.json');
  const args = [
    'run',
    join(root, 'topologies/movies.yaml'),
    '--local',
    join(dir, 'movies'),
    '--topic',
    `movies.raw=${films}`,
  ];
  const done = spawnSync(process.execPath, [join(root, 'src/cli/main.ts'), ...args, '--quiet', '--report', path]);
  if (done.status !== 0) throw new Error(String(done.stderr));
  return path;
}

writeFileSync(join(dir, 'machines.yaml'), TOPOLOGY);
writeFileSync(input, readings(0, 5000, false));
const run = spawn(
  process.execPath,
  [
    join(root, 'src/cli/main.ts'),
    ...['run', join(dir, 'machines.yaml'), '--local', join(dir, 'out'), '--topic', `machines=${input}`],
    ...['--follow', '--quiet', '--http', '127.0.0.1:0'],
  ],
  { stdio: ['ignore', 'ignore', 'pipe'] },
);
try {
  mkdirSync(pictures, { recursive: true });
  const url = await new Promise<string>((resolve, reject) => {
    run.stderr.on('data', (chunk) => {
      const found = /listening on (\S+)/.exec(String(chunk))?.[1];
      if (found !== undefined) resolve(found);
    });
    run.on('close', (code) => reject(new Error(`the run ended with ${code}`)));
  });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  });
  const page = await browser.newPage({ viewport: { width: 1120, height: 720 } });
  const shot = (name: string) => page.screenshot({ path: join(pictures, `${name}.png`) });
  await page.goto(`${url}/#drift`);
  await page.getByText('temperature').first().waitFor();
  appendFileSync(input, readings(5000, 1000, false) + readings(6000, 500, true));
  await page.locator('.alarm.open').waitFor();
  await shot('2-drift');
  await page.goto(`${url}/#overview`);
  await page.locator('.problems li').first().waitFor();
  await shot('1-overview');
  await page.goto(`${url}/#rules`);
  await page.getByRole('button', { name: 'temperature.between' }).waitFor();
  await shot('3-rules');
  await page.getByRole('button', { name: 'temperature.between' }).click();
  await page.locator('.record').first().waitFor();
  await page.locator('.record').first().scrollIntoViewIfNeeded();
  await shot('4-record');
  await page.goto(`${url}/#records`);
  await page.getByLabel('text').fill('M4');
  await page.getByRole('button', { name: 'search' }).click();
  await page.locator('.record').first().waitFor();
  await shot('5-search');
  await page.goto(`file://${filmsReport()}`);
  await page.locator('#overview').waitFor();
  await shot('6-report');
  await browser.close();
} finally {
  run.removeAllListeners('close');
  run.kill('SIGKILL');
  rmSync(dir, { recursive: true, force: true });
}
