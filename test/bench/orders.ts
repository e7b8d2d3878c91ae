import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { dataPath } from '../data.ts';
import { readTruth, type Truth, verify } from './orders/verify.ts';
import { type BenchOptions, median, type Table } from './table.ts';

const root = resolve(import.meta.dirname, '../..');
const cache = join(root, '.cache', 'bench');
const here = join(import.meta.dirname, 'orders');
const yardsticks = dataPath('../bench');
/** Everything runs as it would be installed: the engine from the package, the others compiled beside it. */
const cli = join(root, 'dist', 'cli', 'main.js');
const script = (name: string) => join(cache, `${name}.js`);

interface Variant {
  readonly name: string;
  /** Ratios are against this variant. */
  readonly against: string;
  readonly what: string;
  args(input: string, folder: string): string[];
  outputs(folder: string): { curated: string; quarantine: string };
  /** A file that must be there, else the variant is skipped with a note. */
  readonly needs?: string;
}

const plain = (folder: string) => ({
  curated: join(folder, 'curated.ndjson'),
  quarantine: join(folder, 'quarantine.ndjson'),
});
const engine = (yaml: string): Pick<Variant, 'args' | 'outputs'> => ({
  args: (input, folder) => [
    cli,
    'run',
    join(here, yaml),
    '--local',
    folder,
    '--topic',
    `orders.raw=${input}`,
    '--quiet',
  ],
  outputs: (folder) => ({
    curated: join(folder, 'orders.curated.ndjson'),
    quarantine: join(folder, 'orders.quarantine.ndjson'),
  }),
});
const floor = (mode: string): Pick<Variant, 'args' | 'outputs'> => ({
  args: (input, folder) => [script('floor'), input, folder, mode],
  outputs: plain,
});

const VARIANTS: readonly Variant[] = [
  { name: 'floor', against: 'floor', what: 'hand-tuned loop', ...floor('clean') },
  { name: 'engine', against: 'floor', what: 'orders.yaml', ...engine('orders.yaml') },
  { name: 'floor-pass', against: 'floor-pass', what: 'hand-tuned loop, no cleaning step', ...floor('pass') },
  {
    name: 'engine-pass',
    against: 'floor-pass',
    what: 'orders.yaml without its cleaning step',
    ...engine('orders-pass.yaml'),
  },
  {
    name: 'duckdb',
    against: 'floor',
    what: 'one query, one thread',
    args: (input, folder) => [script('duckdb'), input, folder, join(yardsticks, 'duckdb.sql')],
    outputs: plain,
    needs: join(yardsticks, 'duckdb.sql'),
  },
  {
    name: 'idiomatic',
    against: 'floor',
    what: 'Rx element a record, closures, Set, labelled counters',
    args: (input, folder) => [script('idiomatic'), input, folder],
    outputs: plain,
  },
];

interface Sample {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  readonly peakMiB: number;
}

/**
 * The reference job file to file, every variant in its own process, interleaved; CPU time is user + system of all
 * threads from the start of the process to its end. Outputs of the first run of each are held against the truth.
 */
export async function run(options: BenchOptions): Promise<Table> {
  const { input, truth } = generate(options);
  await compile();
  const notes = [
    `seed ${truth.seed}, ${truth.records} records, ${options.runs} interleaved runs, medians; a ratio is the median of the rounds' ratios`,
  ];
  const wanted = VARIANTS.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  const variants = wanted.filter(({ needs }) => needs === undefined || existsSync(needs));
  for (const { name, needs } of wanted)
    if (needs !== undefined && !existsSync(needs)) notes.push(`${name} skipped: ${relative(root, needs)} is missing`);
  const samples = new Map<string, Sample[]>();
  const verdicts = new Map<string, string>();
  for (let i = 0; i < options.runs; i++) {
    for (const variant of variants) {
      if (verdicts.get(variant.name)?.startsWith('failed')) continue;
      const folder = mkdtempSync(join(cache, `${variant.name}-`));
      try {
        const sample = measure(variant, input, folder);
        if (typeof sample === 'string') {
          verdicts.set(variant.name, `failed: ${sample}`);
          continue;
        }
        if (i === 0) {
          const problems = await verify(variant.outputs(folder), truth);
          verdicts.set(variant.name, problems.length === 0 ? 'right' : `WRONG: ${problems.join('; ')}`);
        }
        samples.set(variant.name, [...(samples.get(variant.name) ?? []), sample]);
      } finally {
        rmSync(folder, { recursive: true, force: true });
        rmSync(`${folder}.cpu.json`, { force: true });
      }
    }
  }
  return toTable({ variants, samples, verdicts, truth, notes });
}

async function compile(): Promise<void> {
  const built = spawnSync(process.execPath, [join(root, 'scripts', 'build.ts')], { stdio: ['ignore', 2, 2] });
  if (built.status !== 0) throw new Error('the package does not build');
  const scripts = ['floor', 'idiomatic', 'duckdb', 'cpu-report'];
  await build({
    entryPoints: scripts.map((name) => join(here, `${name}.ts`)),
    outdir: cache,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node24',
  });
}

function measure(variant: Variant, input: string, folder: string): Sample | string {
  const report = `${folder}.cpu.json`;
  const started = performance.now();
  const args = ['--import', script('cpu-report'), ...variant.args(input, folder)];
  const child = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { ...process.env, SLUICE_BENCH_REPORT: report },
    maxBuffer: 64 * 1024 * 1024,
  });
  const wallSeconds = (performance.now() - started) / 1000;
  if (child.status !== 0)
    return `exit ${child.status ?? child.signal}: ${child.stderr.trim().split('\n').at(-1) ?? ''}`;
  const { cpuSeconds, peakMiB } = JSON.parse(readFileSync(report, 'utf8')) as Sample; // written by cpu-report.ts
  return { cpuSeconds, wallSeconds, peakMiB };
}

function generate(options: BenchOptions): { input: string; truth: Truth } {
  mkdirSync(cache, { recursive: true });
  const name = join(cache, `orders-${options.records}-${options.seed}`);
  const input = `${name}.ndjson`;
  if (!existsSync(`${name}.truth.json`)) {
    const args = [join(yardsticks, 'gen.py'), input, String(options.records), String(options.seed)];
    const made = spawnSync('python3', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (made.status !== 0) throw new Error(`the generator failed: ${args.join(' ')}`);
  }
  return { input, truth: readTruth(`${name}.truth.json`) };
}

interface Outcome {
  readonly variants: readonly Variant[];
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  readonly verdicts: ReadonlyMap<string, string>;
  readonly truth: Truth;
  readonly notes: readonly string[];
}

function toTable({ variants, samples, verdicts, truth, notes }: Outcome): Table {
  const medianOf = (name: string, field: keyof Sample): number =>
    median((samples.get(name) ?? []).map((sample) => sample[field]));
  const rows = variants.map((variant) => {
    if (!samples.has(variant.name))
      return [variant.name, '-', '-', '-', '-', '-', verdicts.get(variant.name) ?? '', variant.what];
    const cpu = medianOf(variant.name, 'cpuSeconds');
    // by round: what else the machine does in a round touches both sides of a ratio
    const ratios = (samples.get(variant.name) ?? []).flatMap((sample, round) => {
      const base = samples.get(variant.against)?.[round];
      return base === undefined ? [] : [sample.cpuSeconds / base.cpuSeconds];
    });
    return [
      variant.name,
      cpu,
      (cpu * 1e6) / truth.records,
      Math.round(truth.records / medianOf(variant.name, 'wallSeconds')),
      medianOf(variant.name, 'peakMiB'),
      ratios.length === 0 ? '-' : `${median(ratios).toFixed(2)} × ${variant.against}`,
      verdicts.get(variant.name) ?? '',
      variant.what,
    ];
  });
  const columns = ['variant', 'CPU s', 'µs/record', 'records/s', 'peak MiB', 'ratio', 'outputs', 'what'];
  return { title: 'The reference job, file to file', columns, rows, notes };
}
