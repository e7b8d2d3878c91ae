import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type BenchOptions, median, type Table } from './table.ts';

interface Measured {
  readonly insertNs: number;
  readonly hitNs: number;
  readonly bytesPerKey: number;
  readonly longestBatchMs: number;
  readonly longestCheckpointMs: number;
  readonly checkpointBytesPerKey: number;
  readonly parts: number;
}

const VARIANTS = ['grown', 'pre-sized', 'Set', 'Map with origin'] as const;

/**
 * Keys of 36 characters, all new, then all known. CPU ns a key for hash, look-up, insert with the winner's origin,
 * log and checkpoints; a Set and a Map of the same strings stand beside it for scale (they cannot go beyond 16.7 M).
 */
export async function run(options: BenchOptions): Promise<Table> {
  const records = options.records;
  const rows: (string | number)[][] = [];
  for (const variant of VARIANTS) {
    if (options.only.length > 0 && !options.only.includes(variant)) continue;
    const samples: Measured[] = [];
    for (let i = 0; i < options.runs; i++) {
      const sample = measure(variant, records, options.seed);
      if (sample !== undefined) samples.push(sample);
    }
    if (samples.length === 0) {
      rows.push([variant, 'fails', '-', '-', '-', '-', '-', '-']);
      continue;
    }
    const of = (field: keyof Measured): number => median(samples.map((sample) => sample[field]));
    rows.push([
      variant,
      of('insertNs'),
      of('hitNs'),
      of('bytesPerKey'),
      of('longestBatchMs'),
      of('longestCheckpointMs'),
      of('checkpointBytesPerKey'),
      of('parts'),
    ]);
  }
  const columns = [
    'store',
    'new ns',
    'known ns',
    'bytes/key',
    'longest batch ms',
    'longest checkpoint ms',
    'written/key',
    'parts',
  ];
  const notes = [
    `${records} keys of 36 characters, batches of 500, a checkpoint each 200,000 keys, seed ${options.seed}, ${options.runs} runs, median; times are CPU, pauses wall clock; targets: 300 ns, 32 bytes with origin, 30 ms`,
  ];
  return { title: 'Exact dedup', columns, rows, notes };
}

function measure(variant: string, records: number, seed: number): Measured | undefined {
  const args = [
    '--expose-gc',
    '--max-old-space-size=8000',
    join(import.meta.dirname, 'dedup', 'fill.ts'),
    variant,
    String(records),
    String(seed),
  ];
  const child = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return child.status === 0 ? (JSON.parse(child.stdout) as Measured) : undefined; // fill.ts prints one
}
