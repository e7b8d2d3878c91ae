import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Command, Option } from 'commander';
import { readTopic } from '../brokers/kafka/read-topic.ts';
import { kafkaSettings } from '../brokers/kafka/settings.ts';
import { ConfigError } from '../core/errors.ts';
import { parseCount } from '../core/units.ts';
import { createCodec } from '../formats/index.ts';
import { addKafkaFlags, type KafkaFlags, kafkaConnection } from './kafka-flags.ts';
import { type Collected, collect, collectTopic, type Source } from './profile/collect.ts';
import { renderTable, type TableRow } from './profile/render-table.ts';
import { renderTopology } from './profile/render-topology.ts';
import { type Suggestion, suggest } from './profile/suggest.ts';

interface ProfileFlags extends KafkaFlags {
  readonly local?: string;
  readonly format?: Source['format'];
  readonly delimiter?: string;
  readonly sample: string;
  readonly json?: boolean;
  readonly suggest?: string;
}

const QUANTILES = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
const TOP = 10;
const SPARK_BINS = 12;
const OTHER_DELIMITERS = [';', '\t', '|'];

export function addProfile(program: Command): void {
  addKafkaFlags(program.command('profile'))
    .description('describe a file or a topic field by field, and suggest a topology for it')
    .argument('<input>', 'file or folder (.ndjson .jsonl .json .csv .tsv, also .gz .zst), or a topic')
    .option(
      '--local <dir>',
      'folder in which the topic is a file, as `run --local` writes it; else topics are on Kafka',
    )
    .addOption(
      new Option('--format <format>', 'how files without a known extension are written').choices([
        'json',
        'csv',
        'text',
      ]),
    )
    .option('--delimiter <char>', 'between the cells of csv')
    .option('--sample <records>', 'records the suggestions are made from and rated by', '50k')
    .option('--json', 'print one JSON object')
    .option('--suggest <file>', 'write the suggested topology to a file, and print only the table')
    .action(async (input: string, flags: ProfileFlags) => {
      await profile(input, flags);
    });
}

async function profile(input: string, flags: ProfileFlags): Promise<void> {
  const size = parseCount(flags.sample);
  if (size === undefined || size < 1)
    throw new ConfigError(`--sample ${flags.sample}: expected a number like 50k`, { code: 'sample-flag' });
  const { source, collected, isCsv } = await read(input, flags, size);
  const fields = [...collected.profile.fields.keys()].filter((field) => isReference(field));
  const suggestion = await suggest(collected.sample, fields, isCsv);
  const file = basename(input);
  const { records } = collected.profile;
  const topology = renderTopology(suggestion, { name: nameOf(file), file, records, source, isCsv });
  if (flags.suggest !== undefined) writeFileSync(flags.suggest, topology);
  const rows = tableRows(collected);
  if (flags.json) process.stdout.write(`${JSON.stringify(asJson(file, { collected, rows, suggestion, topology }))}\n`);
  else {
    const table = renderTable(rows, records, collected.undecodable);
    process.stdout.write(flags.suggest === undefined ? `${table}\n${topology}` : table);
  }
}

/** A file where there is one of that name, else a topic of the brokers that are known. */
async function read(
  input: string,
  flags: ProfileFlags,
  sampleSize: number,
): Promise<{ readonly source: Source; readonly collected: Collected; readonly isCsv: boolean }> {
  const path = pathOf(input, flags.local);
  if (path !== undefined) return readFiles(path, flags, sampleSize);
  const { brokers, config = {} } = await kafkaConnection(flags, process.env);
  if (flags.local !== undefined || (brokers === undefined && config.brokers === undefined))
    throw new ConfigError(
      `${input}: no such file${flags.local === undefined ? ', and no brokers to look for a topic: give --brokers, or --local DIR where it is a file' : ` and no such topic in ${flags.local}`}`,
      { code: 'no-input' },
    );
  const format = flags.format ?? 'json';
  const codec = createCodec(format, flags.delimiter === undefined ? {} : { delimiter: flags.delimiter });
  const batches = readTopic({ settings: kafkaSettings(config, brokers), topic: input, codec });
  const collected = await collectTopic(batches, sampleSize);
  return { source: { path: input, format }, collected, isCsv: format === 'csv' };
}

/** Csv that cannot be read with commas is read again with the other delimiters there are. */
async function readFiles(
  path: string,
  flags: ProfileFlags,
  sampleSize: number,
): Promise<{ readonly source: Source; readonly collected: Collected; readonly isCsv: boolean }> {
  const isCsv = flags.format === 'csv' || (flags.format === undefined && /\.(?:csv|tsv)(?:\.(?:gz|zst))?$/i.test(path));
  const source: Source = {
    path,
    format: flags.format ?? (isCsv ? 'csv' : 'json'),
    ...(flags.delimiter === undefined ? {} : { delimiter: flags.delimiter }),
  };
  const collected = await collect(source, sampleSize);
  if (!isCsv || flags.delimiter !== undefined || looksRead(collected)) return { source, collected, isCsv };
  for (const delimiter of OTHER_DELIMITERS) {
    const again = await collect({ ...source, delimiter }, sampleSize);
    if (looksRead(again)) return { source: { ...source, delimiter }, collected: again, isCsv };
  }
  return { source, collected, isCsv };
}

/** Several columns, and most rows have as many cells as the header. */
function looksRead({ profile, undecodable }: Collected): boolean {
  return profile.fields.size > 1 && undecodable <= profile.records;
}

function pathOf(input: string, local: string | undefined): string | undefined {
  const inFolder = local === undefined ? [] : [input, `${input}.ndjson`].map((name) => join(local, name));
  return [...inFolder, input].find((path) => existsSync(path));
}

/** Columns without a name, or with brackets in it, cannot be referred to. */
function isReference(field: string): boolean {
  return field !== '' && !/[[\]]/.test(field) && !/(?:^|\.)(?:\.|$)/.test(field);
}

function nameOf(file: string): string {
  const stem = file.replace(/(?:\.(?:ndjson|jsonl|json|csv|tsv|gz|zst))+$/i, '').toLowerCase();
  const name = stem.replace(/[^a-z0-9]+/g, '-').replace(/^[^a-z]+|-+$/g, '');
  return name === '' ? 'profiled' : name.slice(0, 60);
}

function tableRows({ profile }: Collected): readonly TableRow[] {
  const reports = profile.report({ quantiles: QUANTILES, top: TOP }, () => false);
  return reports.map((report) => {
    const { quantiles, moments } = profile.fields.get(report.field)!;
    if (report.numbers === undefined || moments.max === moments.min) return { report, histogram: [] };
    const width = (moments.max - moments.min) / SPARK_BINS;
    const ranks = Array.from({ length: SPARK_BINS + 1 }, (_, i) =>
      i === 0 ? 0 : i === SPARK_BINS ? 1 : quantiles.rank(moments.min + i * width),
    );
    return { report, histogram: ranks.slice(1).map((rank, i) => Math.max(0, rank - ranks[i]!)) };
  });
}

function asJson(
  file: string,
  found: {
    readonly collected: Collected;
    readonly rows: readonly TableRow[];
    readonly suggestion: Suggestion;
    readonly topology: string;
  },
) {
  const { collected, rows, suggestion, topology } = found;
  return {
    file,
    records: collected.profile.records,
    undecodable: collected.undecodable,
    fields: rows.map(({ report, histogram }) => ({ ...report, histogram })),
    suggestion,
    topology,
  };
}
