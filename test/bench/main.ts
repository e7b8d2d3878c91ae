import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BenchOptions, printTable, type Table } from './table.ts';

/** A bench is a file here that exports `run`. */
interface Bench {
  run(options: BenchOptions): Promise<Table>;
}

const NOT_BENCHES = new Set(['main.ts', 'table.ts']);

function names(): string[] {
  return readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && !NOT_BENCHES.has(file))
    .map((file) => file.slice(0, -3));
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    records: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '7' },
    only: { type: 'string', multiple: true, default: [] },
    json: { type: 'boolean', default: false },
  },
});

const [name = ''] = positionals;
const file = join(import.meta.dirname, `${name}.ts`);
if (!names().includes(name) || !existsSync(file)) {
  console.error(
    `usage: npm run bench -- <${names().join(' | ')}> [--runs 5] [--records 1000000] [--seed 7] [--only variant]… [--json]`,
  );
  process.exit(2);
}
const bench = (await import(file)) as Bench; // its shape is the convention of this folder
const table = await bench.run({
  runs: Number(values.runs),
  records: Number(values.records),
  seed: Number(values.seed),
  only: values.only.flatMap((text) => text.split(',')),
});
console.log(values.json ? JSON.stringify(table, null, 1) : printTable(table));
