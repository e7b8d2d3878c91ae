import { spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { addressOf, serve } from '../e2e/serve.ts';
import { findProgram } from '../support/debian.ts';
import { type BenchOptions, median, type Table } from './table.ts';

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, '.cache', 'bench');
const MAX_RECORDS = 500_000;
const FIELDS = 20;
const RECORDS_A_SECOND = 500;
const WATCH_SECONDS = 20;

/**
 * What looking on costs: CPU time of a run whose console somebody has open against one whose console nobody has open
 * (interleaved, each a process of its own), and CPU time of the browser while the drift page shows 20 fields live.
 */
export async function run(options: BenchOptions): Promise<Table> {
  const records = Math.min(options.records, MAX_RECORDS);
  mkdirSync(cache, { recursive: true });
  const dir = mkdtempSync(join(cache, 'console-'));
  try {
    writeFileSync(join(dir, 'fields.yaml'), topology());
    writeFileSync(join(dir, 'many.ndjson'), lines(0, records));
    const alone: number[] = [];
    const ratios: number[] = [];
    for (let i = 0; i < options.runs; i++) {
      const unseen = await engine(dir, false);
      const seen = await engine(dir, true);
      alone.push(unseen);
      ratios.push(seen / unseen);
    }
    const shares = await browserShares(dir);
    return {
      title: 'Looking on',
      columns: ['what', 'figure', 'at most', 'of'],
      rows: [
        ['engine, watched / not', median(ratios), 1.05, `${median(alone).toFixed(2)} s CPU not watched`],
        ['browser, all processes', shares.all, 0.15, 'a core'],
        ['  its page alone', shares.page, '', 'a core'],
      ],
      notes: [
        `${records} records of ${FIELDS} numbers through check and detect-drift, ${options.runs} interleaved runs, median of the ratios`,
        `browser: headless, no graphics card, drift page with ${shares.charts} charts, ${RECORDS_A_SECOND} records a second, ${WATCH_SECONDS} s`,
      ],
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** CPU seconds of one run over the whole file, with its console served. */
async function engine(dir: string, watched: boolean): Promise<number> {
  const out = mkdtempSync(join(dir, 'out-'));
  const report = `${out}.cpu.json`;
  const args = ['run', join(dir, 'fields.yaml'), '--local', out, '--topic', `fields=${join(dir, 'many.ndjson')}`];
  const child = spawn(
    process.execPath,
    [
      '--import',
      join(import.meta.dirname, 'orders', 'cpu-report.ts'),
      join(root, 'src/cli/main.ts'),
      ...args,
      '--quiet',
      '--http',
      '127.0.0.1:0',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, SLUICE_BENCH_REPORT: report } },
  );
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const url = await addressOf(child);
  const stop = new AbortController();
  const watching = watched ? drain(`${url}/api/stream`, stop.signal) : Promise.resolve();
  const code = await ended;
  stop.abort();
  await watching;
  if (code !== 0) throw new Error(`the run ended with ${code}`);
  rmSync(out, { recursive: true, force: true });
  return (JSON.parse(readFileSync(report, 'utf8')) as { cpuSeconds: number }).cpuSeconds; // written by cpu-report.ts
}

async function drain(url: string, signal: AbortSignal): Promise<void> {
  let bytes = 0;
  try {
    const response = await fetch(url, { signal });
    for await (const chunk of response.body ?? []) bytes += chunk.length;
  } catch {
    // the run ends, and the stream with it
  }
  if (bytes === 0) throw new Error('nothing was watched');
}

interface Shares {
  readonly all: number;
  readonly page: number;
  readonly charts: number;
}

async function browserShares(dir: string): Promise<Shares> {
  const path = findProgram('chromium', 'chromium');
  if (path === undefined) throw new Error('this bench needs chromium (Debian: apt-get install chromium)');
  writeFileSync(join(dir, 'fields.ndjson'), lines(0, 5000));
  const [child, url] = await serve(dir, 'fields', ['fields']);
  let next = 5000;
  const feed = setInterval(() => {
    appendFileSync(join(dir, 'fields.ndjson'), lines(next, RECORDS_A_SECOND / 10));
    next += RECORDS_A_SECOND / 10;
  }, 100);
  const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${url}#drift`);
    await page
      .locator('.tile')
      .nth(FIELDS - 1)
      .waitFor();
    const charts = await page.locator('svg.spark, svg.histogram').count();
    const before = await cpuOf(browser);
    await wait(WATCH_SECONDS * 1000);
    const after = await cpuOf(browser);
    const share = (type?: string) => (secondsOf(after, type) - secondsOf(before, type)) / WATCH_SECONDS;
    return { all: share(), page: share('renderer'), charts };
  } finally {
    clearInterval(feed);
    await browser.close();
    child.kill('SIGKILL');
  }
}

type Usage = readonly { readonly type: string; readonly cpuTime: number }[];

async function cpuOf(browser: Browser): Promise<Usage> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo;
}

function secondsOf(usage: Usage, type?: string): number {
  return usage.reduce((sum, one) => sum + (type === undefined || one.type === type ? one.cpuTime : 0), 0);
}

function topology(): string {
  const fields = Array.from({ length: FIELDS }, (_, i) => `x${i}: numeric`).join(', ');
  return `name: fields
input: { topic: fields, format: json }
steps:
  - { id: sane, use: check, with: { rules: [{ field: x0, required: true }, { field: x1, max: 1.99 }] } }
  - { id: watch, use: detect-drift, with: { fields: { ${fields} }, reference: { records: 2000 } } }
output: { topic: fields.curated }
`;
}

/** Sums of four uniform numbers in each field (Park and Miller, a stream for each record). */
function lines(from: number, count: number): string {
  let text = '';
  for (let n = from; n < from + count; n++) {
    let state = ((n * 7919 + 13) % 2147483646) + 1;
    const uniform = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    uniform();
    const record: Record<string, number> = { n };
    for (let f = 0; f < FIELDS; f++) record[`x${f}`] = uniform() + uniform() + uniform() + uniform() - 2;
    text += `${JSON.stringify(record)}\n`;
  }
  return text;
}
