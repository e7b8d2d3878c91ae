import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { kafkaSettings } from '../brokers/kafka/settings.ts';
import type { Codec } from '../core/codec.ts';
import { ConfigError } from '../core/errors.ts';
import type { BesideTopic } from '../export/beside.ts';
import { isRunFolder, partsSource, runSource } from '../export/file-source.ts';
import { kafkaSource } from '../export/kafka-source.ts';
import { readExportManifest } from '../export/manifest.ts';
import { type RangeSpec, rangeAgain, rangeOf } from '../export/range.ts';
import type { ExportSource } from '../export/source.ts';
import { verifyExport } from '../export/verify.ts';
import { type Exported, type ExportOptions, writeExport } from '../export/write-export.ts';
import { createFormats } from '../formats/index.ts';
import type { Plan } from '../topology/plan.ts';
import { EXIT } from './exit.ts';
import { addKafkaFlags, type KafkaFlags, kafkaConnection, registryOf } from './kafka-flags.ts';
import { load, packageVersion, planOf } from './load.ts';
import { count } from './progress.ts';
import { readSchemaFile, registryConnection } from './registry.ts';

interface Flags extends KafkaFlags {
  readonly topic?: string;
  readonly format: 'json' | 'avro';
  readonly since?: string;
  readonly until?: string;
  readonly timeField?: string;
  readonly again?: string;
  readonly topology?: string;
  readonly out?: string;
  readonly meta?: boolean;
  readonly beside?: boolean;
  readonly parquet?: boolean;
  readonly verify?: boolean;
  readonly json?: boolean;
}

export function addExport(program: Command): void {
  const command = program
    .command('export')
    .description('write a range of a curated topic as NDJSON with a manifest: the same range gives the same bytes')
    .argument('<source>', 'a topic of Kafka, the folder of a run (`run --local`), or files; with --verify an export')
    .addOption(new Option('--format <format>', 'how values are written').choices(['json', 'avro']).default('json'))
    .option('--topic <name>', 'which topic of the folder of a run; default <topology>.curated')
    .option(
      '--since <place>',
      'first offset (1200, or 0:1200,1:900 by partition), or an instant; default: all there is',
    )
    .option('--until <place>', 'offset, or instant, after the last')
    .option('--time-field <field>', 'field of the values that instants are compared with; default the record timestamp')
    .option('--again <dir>', 'the range of an earlier export')
    .option('--topology <file>', 'names the fate of the records and, where they carry no certificate, the plan')
    .option('--out <dir>', 'new folder for the export')
    .option('--meta', 'also write offset, timestamp, key, origin and findings of each line')
    .option('--beside', 'also count what became of the input records that are not in it (with --topology)')
    .option('--parquet', 'also write Parquet (needs @duckdb/node-api)')
    .option('--verify', 'compare an export with its manifest; exit code 1 when something differs')
    .option('--json', 'print the manifest on stdout');
  addKafkaFlags(command).action(async (source: string, flags: Flags) => {
    process.exitCode = flags.verify === true ? await verify(source) : await exportRange(source, flags);
  });
}

async function verify(folder: string): Promise<number> {
  const problems = await verifyExport(folder);
  for (const problem of problems) process.stderr.write(`${folder}: ${problem}\n`);
  if (problems.length > 0) return EXIT.failed;
  const { files, counts } = await readExportManifest(folder);
  process.stderr.write(`${folder}: ${count(counts.records)} records in ${files.length} files, as its manifest says\n`);
  return EXIT.ok;
}

async function exportRange(from: string, flags: Flags): Promise<number> {
  const { out } = flags;
  if (out === undefined) throw new ConfigError('give --out DIR, a new folder', { code: 'no-out' });
  const range = await chooseRange(flags);
  const open = await opener(from, flags);
  const loaded = flags.topology === undefined ? undefined : await load(flags.topology);
  const plan = loaded && planOf(loaded, { onePartition: existsSync(from), env: process.env });
  const source = await open(flags.topic, plan);
  const beside = flags.beside === true ? await besideTopics(source, plan, open) : undefined;
  try {
    if (source.kind === 'files' && range.by === 'time' && range.field === undefined)
      throw new ConfigError('records of files have no timestamps: give --time-field FIELD, or offsets', {
        code: 'no-timestamps',
      });
    const exported = await writeExport({
      source,
      range,
      folder: out,
      version: packageVersion(),
      meta: flags.meta === true,
      parquet: flags.parquet === true,
      ...(beside === undefined ? {} : { beside }),
      ...(plan === undefined ? {} : { fate: fateIn(plan, source.topic), plan: certificateOf(plan) }),
    });
    tell(exported, flags);
    return EXIT.ok;
  } finally {
    for (const one of [source, ...(beside ?? []).map((topic) => topic.source)]) await one.close();
  }
}

function certificateOf({ name, fingerprint }: Plan): NonNullable<ExportOptions['plan']> {
  return { topology: name, plan: fingerprint };
}

async function chooseRange({ again, since, until, timeField }: Flags): Promise<RangeSpec> {
  const flags = { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) };
  const asked = { ...flags, ...(timeField === undefined ? {} : { timeField }) };
  if (again === undefined) return rangeOf(asked);
  if (Object.keys(asked).length > 0)
    throw new ConfigError('--again takes the range of an export: leave out --since, --until and --time-field', {
      code: 'range-flag',
    });
  return rangeAgain(await readExportManifest(again));
}

type Open = (topic: string | undefined, plan: Plan | undefined) => Promise<ExportSource>;

/** Opens topics of the place that `from` names: a folder, files, or the brokers on which it is a topic. */
async function opener(from: string, flags: Flags): Promise<Open> {
  if (!existsSync(from)) {
    const { brokers, config = {} } = await kafkaConnection(flags, process.env);
    const settings = kafkaSettings(config, brokers);
    const avro = flags.format === 'avro' ? await avroCodec(flags) : undefined;
    return async (topic) => kafkaSource(settings, topic ?? from, topic === undefined ? avro : undefined);
  }
  if (await isRunFolder(from))
    return (topic, plan) => runSource(from, { topic, quarantineTopic: plan?.quarantineTopic });
  return (topic) => partsSource(from, topic);
}

async function avroCodec(flags: Flags): Promise<Codec> {
  const registry = await registryOf(flags, process.env);
  const formats = createFormats({
    connection: () => registryConnection(registry, process.env),
    readFile: (file) => readSchemaFile('.', file),
  });
  return formats('avro', { side: 'input', topic: '' });
}

/** The other topics into which the topology writes input records. */
async function besideTopics(source: ExportSource, plan: Plan | undefined, open: Open): Promise<readonly BesideTopic[]> {
  if (plan === undefined || !source.hasOrigins)
    throw new ConfigError(
      plan === undefined
        ? '--beside looks into the other topics of a topology: give --topology FILE'
        : `${source.topic} does not say where its records come from: write it with \`certificate: origin\``,
      { code: 'export-beside' },
    );
  const written = plan.stages.flatMap(({ sinks }) =>
    sinks.filter(({ role }) => role === 'output' || role === 'quarantine'),
  );
  const names = new Set(written.flatMap(({ topic }) => (topic === undefined || topic === source.topic ? [] : [topic])));
  const topics: BesideTopic[] = [];
  for (const name of names) {
    const beside = await open(name, plan);
    if (!beside.hasOrigins)
      throw new ConfigError(`${name} does not say where its records come from: write it with \`certificate: origin\``, {
        code: 'export-beside',
      });
    topics.push({ source: beside, fate: fateIn(plan, name) });
  }
  return topics;
}

function fateIn(plan: Plan, topic: string): string {
  if (topic === plan.quarantineTopic) return 'quarantined';
  const sinks = plan.stages.flatMap(({ sinks: all }) => all.filter((sink) => sink.topic === topic));
  const fates = new Set(sinks.flatMap(({ fates: all }) => all.map((fate) => fate ?? 'derived')));
  if (fates.size === 0)
    throw new ConfigError(`${plan.name} does not write ${topic}: leave out --topology, or give the one that does`, {
      code: 'export-topology',
    });
  return [...fates].sort().join(' or ');
}

function tell({ manifest, untimed }: Exported, { out, json }: Flags): void {
  const { records, tombstones } = manifest.counts;
  const lines = [`${out}: ${count(records)} records of ${manifest.source.topic}`];
  for (const { partition, from, to, records: n, holes } of manifest.partitions) {
    const gaps = holes === undefined || holes.offsets === 0 ? '' : `, ${count(holes.offsets)} offsets without a record`;
    if (from !== undefined)
      lines.push(`  partition ${partition}  offsets ${from} to ${to}  ${count(n)} records${gaps}`);
  }
  if (tombstones > 0) lines.push(`  ${count(tombstones)} records without a value are not in it`);
  if (untimed > 0) lines.push(`  ${count(untimed)} records without a readable time are not in it`);
  for (const note of manifest.notes) lines.push(`  ${note}`);
  process.stderr.write(`${lines.join('\n')}\n`);
  if (json === true) process.stdout.write(`${JSON.stringify(manifest)}\n`);
}
