import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BenchOptions, median, type Table } from './table.ts';

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, '.cache', 'bench');
const MAX_RECORDS = 200_000;

/**
 * What a poisoned input costs: the orders job on good records, and with one in ten of them cut so that it cannot be decoded. Both
 * in processes of their own, interleaved; wall clock of the run itself (`seconds` of `--json`).
 */
export async function run(options: BenchOptions): Promise<Table> {
  const records = Math.min(options.records, MAX_RECORDS);
  mkdirSync(cache, { recursive: true });
  const good = join(cache, `poison-good-${records}.ndjson`);
  const bad = join(cache, `poison-bad-${records}.ndjson`);
  if (!existsSync(bad)) writeInputs(good, bad, records);
  const times = { good: [] as number[], bad: [] as number[] };
  for (let i = 0; i < options.runs; i++) {
    times.good.push(runOnce(good, 0));
    times.bad.push(runOnce(bad, Math.floor(records / 10)));
  }
  const [clean, poisoned] = [median(times.good), median(times.bad)];
  const row = (name: string, seconds: number) => [name, (seconds / records) * 1e6, records / seconds, seconds / clean];
  return {
    title: 'A poisoned input: one record in ten cannot be decoded',
    columns: ['input', 'µs/record', 'records/s', 'ratio'],
    rows: [row('good', clean), row('10 % undecodable', poisoned)],
    notes: [`${records} records, ${options.runs} interleaved runs, median; at most 1.20 is asked for`],
  };
}

function writeInputs(good: string, bad: string, records: number): void {
  const lines = Array.from({ length: records }, (_, i) =>
    JSON.stringify({
      id: `o${i}`,
      device: `dev-${i % 997}`,
      name: '  Ada LOVELACE',
      email: 'ada@example.com',
      country: 'GB',
      status: 'active',
      amount: '1,234.50',
      qty: i % 1000,
      temp: 20.5,
      lo: 1,
      hi: 2,
      ts: new Date(1.767e12 + i * 31).toISOString(),
    }),
  );
  writeFileSync(good, `${lines.join('\n')}\n`);
  writeFileSync(bad, `${lines.map((line, i) => (i % 10 === 9 ? line.slice(0, -20) : line)).join('\n')}\n`);
}

function runOnce(input: string, quarantined: number): number {
  const folder = mkdtempSync(join(cache, 'poison-'));
  try {
    const args = [
      join(root, 'src/cli/main.ts'),
      'run',
      join(root, 'topologies/orders.yaml'),
      '--local',
      folder,
      '--topic',
      `orders.raw=${input}`,
      '--json',
      '--quiet',
    ];
    const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
    if (child.status !== 0) throw new Error(child.stderr);
    const summary = JSON.parse(child.stdout.trim());
    if (summary.quarantined !== quarantined)
      throw new Error(`${summary.quarantined} quarantined instead of ${quarantined}`);
    if (readFileSync(join(folder, 'orders.curated.ndjson')).length === 0) throw new Error('nothing curated');
    return summary.seconds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
