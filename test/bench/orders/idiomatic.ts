// The reference job as it is usually written: one Rx element a record, a closure a rule, a Set of ids, a labelled
// counter a rule. Arguments: input, folder of outputs.
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Counter, Registry } from 'prom-client';
import { filter, fromEvent, map, takeUntil, tap } from 'rxjs';
import { isDateTime, type Order } from './rules.ts';

const [input = '', folder = ''] = process.argv.slice(2);
const registry = new Registry();
const checked = new Counter({
  name: 'checks_total',
  help: 'Checks by rule and result.',
  labelNames: ['rule', 'result'],
  registers: [registry],
});
const records = new Counter({
  name: 'records_total',
  help: 'Records by fate.',
  labelNames: ['fate'],
  registers: [registry],
});

interface Rule {
  readonly name: string;
  readonly holds: (record: Order) => boolean;
}

const within = (value: unknown, low: number, high: number): boolean =>
  typeof value === 'number' && value >= low && value <= high;
const countries = ['DE', 'FR', 'GB', 'US', 'CN', 'IN', 'BR', 'JP', 'PL', 'ES', 'IT', 'NL'];
const rules: readonly Rule[] = [
  { name: 'device_not_null', holds: (r) => r.device !== null },
  { name: 'name_not_null', holds: (r) => r.name !== null },
  { name: 'qty_range', holds: (r) => within(r.qty, 0, 1000) },
  { name: 'temp_range', holds: (r) => within(r.temp, -40, 85) },
  { name: 'amount_range', holds: (r) => within(r.amount, 0, 100_000) },
  { name: 'email_regex', holds: (r) => /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(r.email ?? '') },
  { name: 'country_enum', holds: (r) => countries.includes(r.country ?? '') },
  { name: 'status_enum', holds: (r) => ['active', 'idle', 'error', 'retired'].includes(r.status ?? '') },
  { name: 'lo_le_hi', holds: (r) => (r.lo ?? 0) <= (r.hi ?? 0) },
  { name: 'ts_parse', holds: (r) => isDateTime(r.ts ?? '') },
];

const curated = createWriteStream(join(folder, 'curated.ndjson'));
const quarantine = createWriteStream(join(folder, 'quarantine.ndjson'));
const seen = new Set<string>();
const lines = createInterface({ input: createReadStream(input), crlfDelay: Number.POSITIVE_INFINITY });

fromEvent(lines, 'line')
  .pipe(
    takeUntil(fromEvent(lines, 'close')),
    map((line) => JSON.parse(String(line)) as Order),
    map((record) => ({
      ...record,
      name: record.name === null ? null : record.name.trim().toLowerCase(),
      amount: record.amount === null ? null : Number(String(record.amount).replaceAll(',', '')),
    })),
    map((record) => ({ record, failed: rules.filter((rule) => !verdict(rule, record)).map((rule) => rule.name) })),
    tap(({ record, failed }) => {
      if (failed.length === 0) return;
      records.inc({ fate: 'quarantined' });
      quarantine.write(`${JSON.stringify({ value: record, findings: failed })}\n`);
    }),
    filter(({ failed }) => failed.length === 0),
    map(({ record }) => record),
    filter((record) => {
      const isNew = !seen.has(record.id);
      if (isNew) seen.add(record.id);
      else records.inc({ fate: 'duplicate' });
      return isNew;
    }),
    tap((record) => {
      records.inc({ fate: 'curated' });
      curated.write(`${JSON.stringify(record)}\n`);
    }),
  )
  .subscribe({
    complete: () => {
      curated.end();
      quarantine.end();
    },
  });

function verdict(rule: Rule, record: Order): boolean {
  const holds = rule.holds(record);
  checked.inc({ rule: rule.name, result: holds ? 'pass' : 'fail' });
  return holds;
}
