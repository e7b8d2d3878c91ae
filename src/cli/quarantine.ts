import { open } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { ConfigError } from '../core/errors.ts';
import { type QuarantineEntry, timeOf } from '../quarantine/entry.ts';
import { load, planOf } from './load.ts';
import { count, plain } from './progress.ts';
import {
  addFilterOptions,
  type FilterFlags,
  filterOf,
  openQuarantine,
  type QuarantineFlags,
} from './quarantine-flags.ts';

interface Flags extends FilterFlags, QuarantineFlags {
  readonly limit: number;
  readonly out?: string;
  readonly values?: boolean;
  readonly json?: boolean;
}

const ACTIONS = { show, count: countEntries, export: exportEntries } as const;
const DEFAULT_LIMIT = 20;
/** Characters of a value that `show` prints. */
const SHOWN_CHARS = 400;

export function addQuarantine(program: Command): void {
  const command = program
    .command('quarantine')
    .description('show, count or export what a topology has quarantined')
    .argument('<topology>')
    .argument('[action]', 'show | count | export', 'show');
  addFilterOptions(command)
    .addOption(
      new Option('--limit <n>', 'most entries that `show` prints, the newest').default(DEFAULT_LIMIT).argParser(Number),
    )
    .option('--out <file>', 'where `export` writes; default stdout')
    .option('--values', '`export` writes the original values alone, one a line')
    .option('--json', '`count` prints one JSON object')
    .action(async (path: string, action: string, flags: Flags) => {
      if (!Object.hasOwn(ACTIONS, action))
        throw new ConfigError(`quarantine ${action}: expected show, count or export`, { code: 'quarantine-action' });
      const plan = planOf(await load(path), { onePartition: flags.local !== undefined, env: process.env });
      const entries = openQuarantine(plan, flags, filterOf(flags));
      await ACTIONS[action as keyof typeof ACTIONS](entries, flags); // checked above
    });
}

type Entries = AsyncIterable<QuarantineEntry>;

async function show(entries: Entries, { limit, local }: Flags): Promise<void> {
  const last = new Map<number, QuarantineEntry[]>();
  let total = 0;
  for await (const entry of entries) {
    total++;
    const list = last.get(entry.partition) ?? [];
    last.set(entry.partition, list);
    list.push(entry);
    if (list.length > limit) list.shift();
  }
  const newest = newestOf([...last.values()], limit);
  for (const entry of newest) {
    const place = local === undefined ? `${entry.partition}/${entry.at}` : String(entry.at);
    process.stdout.write(`#${place}  ${describe(entry)}\n`);
  }
  process.stdout.write(`${count(newest.length)} of ${entriesText(total)}\n`);
}

/** Of one partition the last ones; of several by the time they have. */
function newestOf(lists: readonly (readonly QuarantineEntry[])[], limit: number): readonly QuarantineEntry[] {
  if (lists.length < 2) return lists[0] ?? [];
  return lists
    .flat()
    .sort((a, b) => timeOf(a) - timeOf(b) || 0)
    .slice(-limit);
}

function describe(entry: QuarantineEntry): string {
  const { origin } = entry;
  const element = origin.index === undefined ? '' : ` element ${origin.index}`;
  const place =
    origin.part === undefined
      ? `${origin.topic}/${origin.partition} offset ${origin.offset}${element}`
      : `${origin.part} record ${origin.record}${element}`;
  const time = timeOf(entry);
  const when = Number.isNaN(time) ? '' : `  ${new Date(time).toISOString()}`;
  const attempt = entry.attempt > 1 ? `  attempt ${entry.attempt}` : '';
  const findings = entry.findings.map((finding) => {
    const observed = finding.observed === undefined ? '' : ` = ${JSON.stringify(finding.observed)}`;
    const expected = finding.expected === undefined ? '' : `, expected ${finding.expected}`;
    const field = finding.field === undefined ? '' : `  ${finding.field}${observed}${expected}`;
    return `    ${finding.rule} (${finding.severity})${field}${finding.message === undefined ? '' : `  ${finding.message}`}`;
  });
  return [`${place}  step ${entry.step}${attempt}${when}`, ...findings, `    ${valueText(entry)}`]
    .map(plain)
    .join('\n');
}

function valueText({ value, stub }: QuarantineEntry): string {
  if (stub !== undefined) return `(not kept: ${stub.bytes} bytes, SHA-256 ${stub.sha256})`;
  if (value === null) return '(no value)';
  if (typeof value !== 'string') return `(${value.byteLength} bytes that are no text)`;
  return value.length > SHOWN_CHARS ? `${value.slice(0, SHOWN_CHARS)}… (${value.length} characters)` : value;
}

async function countEntries(entries: Entries, { json }: Flags): Promise<void> {
  const counts = { entries: 0, rules: tally(), steps: tally(), fields: tally() };
  for await (const entry of entries) {
    counts.entries++;
    add(counts.steps, entry.step);
    for (const rule of new Set(entry.findings.map((finding) => finding.rule))) add(counts.rules, rule);
    for (const field of new Set(entry.findings.flatMap((finding) => finding.field ?? []))) add(counts.fields, field);
  }
  if (json) {
    process.stdout.write(`${JSON.stringify(counts)}\n`);
    return;
  }
  process.stdout.write(`${entriesText(counts.entries)}\n`);
  for (const name of ['rules', 'steps', 'fields'] as const) process.stdout.write(table(name, counts[name]));
}

function entriesText(n: number): string {
  return `${count(n)} ${n === 1 ? 'entry' : 'entries'}`;
}

type Tally = Record<string, number>;
const tally = (): Tally => Object.create(null);

function add(counts: Tally, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function table(title: string, counts: Tally): string {
  const rows = Object.entries(counts).sort(([, a], [, b]) => b - a);
  if (rows.length === 0) return '';
  const width = Math.max(...rows.map(([name]) => name.length));
  return `  ${title}\n${rows.map(([name, n]) => `    ${plain(name).padEnd(width)}  ${count(n).padStart(9)}\n`).join('')}`;
}

async function exportEntries(entries: Entries, { out, values }: Flags): Promise<void> {
  await using file = out === undefined ? undefined : await open(out, 'w');
  let written = 0;
  for await (const entry of entries) {
    const line = values === true ? entry.value : JSON.stringify(exported(entry));
    if (line === null) continue;
    const bytes = Buffer.concat([Buffer.from(line), Buffer.from('\n')]);
    if (file === undefined) process.stdout.write(bytes);
    else await file.appendFile(bytes);
    written++;
  }
  process.stderr.write(`${entriesText(written)}\n`);
}

/** Bytes as text where they are text, else as base64. */
function exported({ value, key, time, timestamp, headers: _headers, redacted, ...rest }: QuarantineEntry) {
  return {
    ...rest,
    ...(redacted ? { redacted } : {}),
    ...(Number.isNaN(time) ? {} : { time: new Date(time).toISOString() }),
    ...(Number.isNaN(timestamp) ? {} : { timestamp }),
    ...(key === null ? {} : { keyBase64: Buffer.from(key).toString('base64') }),
    ...(value === null
      ? {}
      : typeof value === 'string'
        ? { valueText: value }
        : { valueBase64: Buffer.from(value).toString('base64') }),
  };
}
