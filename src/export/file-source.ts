import { readdir } from 'node:fs/promises';
import { certificatesFile, findingsFile } from '../brokers/local/lines.ts';
import { type Manifest, readManifest } from '../brokers/local/manifest.ts';
import { linesOf } from '../brokers/local/read-lines.ts';
import type { CertificateStamp } from '../core/certificate.ts';
import { ConfigError, StateError } from '../core/errors.ts';
import type { Origin } from '../core/record.ts';
import { partsOf, topicOf } from './parts.ts';
import { type ExportedRecord, type ExportSource, type FindingName, namesOf, type PartitionRange } from './source.ts';

const BATCH_RECORDS = 1000;

/** What a run has committed: the file of a topic and those beside it, with their lengths. */
interface RunFiles {
  readonly dir: string;
  readonly topic: string;
  readonly lengths: Readonly<Record<string, number>>;
}

/** A topic that a run writes, or has written, in `dir`: what is committed now. Throws ConfigError where it does not stand there as NDJSON. */
export async function runSource(
  dir: string,
  { topic, quarantineTopic }: { readonly topic?: string | undefined; readonly quarantineTopic?: string | undefined },
): Promise<ExportSource> {
  const runs = await manifestsOf(dir);
  const names = runs.flatMap(({ topology }) => topology);
  const wanted = topic ?? (names.length === 1 ? `${names[0]}.curated` : undefined);
  const files = [...new Set(runs.flatMap(({ outputs }) => Object.keys(outputs)))];
  const run = runs.find(({ outputs }) => wanted !== undefined && Object.hasOwn(outputs, valuesFile(wanted)));
  if (run === undefined || wanted === undefined) throw noSuchTopic(dir, topic, files);
  const at: RunFiles = { dir, topic: wanted, lengths: run.outputs };
  const certified = Object.hasOwn(run.outputs, certificatesFile(wanted));
  const isQuarantine = wanted === quarantineTopic;
  const recordsOf = () => {
    if (certified) return certifiedRecords(at);
    const lines = linesIn(at, valuesFile(wanted));
    return isQuarantine ? quarantinedRecords(lines) : plainRecords(lines);
  };
  const made = planOf(run);
  return {
    kind: 'files',
    topic: wanted,
    notes: [],
    ...(made === undefined ? {} : { run: made }),
    ...(certified || isQuarantine ? {} : { wholeFindings: findingsOf(at) }),
    bounds: async () => [{ partition: 0, start: 0, end: await countLines(linesIn(at, valuesFile(wanted))) }],
    hasOrigins: certified || isQuarantine,
    read: (range) => batches(recordsOf(), range),
    close: async () => {},
  };
}

/** Files that no run stands behind: the parts of one topic, one after another. */
export async function partsSource(path: string, topic = topicOf(path)): Promise<ExportSource> {
  const parts = await partsOf(path);
  const lines = async function* () {
    for (const part of parts) yield* linesOf(part);
  };
  return {
    kind: 'files',
    topic,
    hasOrigins: false,
    notes: ['source: files that no run of Sluice stands behind; their order is the byte order of their names'],
    bounds: async () => [{ partition: 0, start: 0, end: await countLines(lines()) }],
    read: (range) => batches(plainRecords(lines()), range),
    close: async () => {},
  };
}

/** Whether runs have left their manifests in a folder. */
export async function isRunFolder(dir: string): Promise<boolean> {
  return (await readdir(`${dir}/.sluice`).catch(() => [])).length > 0;
}

async function manifestsOf(dir: string): Promise<readonly Manifest[]> {
  const found: Manifest[] = [];
  for (const name of (await readdir(`${dir}/.sluice`)).sort()) {
    const manifest = await readManifest(`${dir}/.sluice/${name}/manifest`);
    if (manifest !== undefined) found.push(manifest);
  }
  return found;
}

function noSuchTopic(dir: string, topic: string | undefined, files: readonly string[]): ConfigError {
  const other = files.find((file) => topic !== undefined && file.startsWith(`${topic}.`) && !file.endsWith('.ndjson'));
  if (other !== undefined)
    return new ConfigError(`${dir}/${other}: only JSON can be exported; write \`format: json\` at its output`, {
      code: 'export-format',
    });
  const topics = files
    .filter((file) => file.endsWith('.ndjson') && !/\.(findings|certificates)\.ndjson$/.test(file))
    .map((file) => file.slice(0, -'.ndjson'.length));
  return new ConfigError(`${dir}: give --topic, one of ${topics.sort().join(', ')}`, { code: 'export-topic' });
}

/** The plan of the newest commit: state and outputs of another one would have been refused, or begun anew. */
function planOf({ topology, tasks }: Manifest): CertificateStamp | undefined {
  const plans = new Set(Object.values(tasks).map(({ info }) => info.fingerprint));
  const [plan] = plans;
  return plan === undefined || plans.size > 1 ? undefined : { topology, plan };
}

function valuesFile(topic: string): string {
  return `${topic}.ndjson`;
}

function linesIn({ dir, lengths }: RunFiles, file: string): AsyncGenerator<Uint8Array> {
  return linesOf(`${dir}/${file}`, Object.hasOwn(lengths, file) ? (lengths[file] ?? 0) : 0);
}

async function countLines(lines: AsyncIterable<Uint8Array>): Promise<number> {
  let count = 0;
  for await (const _ of lines) count++;
  return count;
}

async function* plainRecords(lines: AsyncIterable<Uint8Array>): AsyncGenerator<ExportedRecord> {
  let offset = 0;
  for await (const line of lines) yield recordOf(line, offset++);
}

function recordOf(line: Uint8Array, offset: number): ExportedRecord {
  const value = line.length === 4 && Buffer.from(line).toString() === 'null' ? null : line;
  return { offset, timestamp: Number.NaN, key: null, value, findings: [] };
}

interface CertificateLine extends Partial<CertificateStamp> {
  readonly origin: Origin;
}

interface FindingsLine {
  readonly origin: Origin;
  readonly findings: readonly FindingName[];
}

/** Line n of the certificates belongs to record n; findings are of some of the records, in the same order. */
async function* certifiedRecords(files: RunFiles): AsyncGenerator<ExportedRecord> {
  await using certificates = linesIn(files, certificatesFile(files.topic));
  await using findings = linesIn(files, findingsFile(files.topic));
  const nextFindings = async () => {
    const { value } = await findings.next();
    return value === undefined ? undefined : parsed<FindingsLine>(value);
  };
  let waiting = await nextFindings();
  for await (const record of plainRecords(linesIn(files, valuesFile(files.topic)))) {
    const { value: line } = await certificates.next();
    if (line === undefined)
      throw new StateError(`${files.topic}: its certificates end at record ${record.offset}`, { code: 'certificates' });
    const { origin, topology, plan } = parsed<CertificateLine>(line);
    const isMine = waiting !== undefined && JSON.stringify(waiting.origin) === JSON.stringify(origin);
    yield {
      ...record,
      origin,
      ...(topology === undefined || plan === undefined ? {} : { certificate: { topology, plan } }),
      ...(isMine && waiting !== undefined ? { findings: namesOf(waiting.findings) } : {}),
    };
    if (isMine) waiting = await nextFindings();
  }
}

/** Lines of a quarantine say themselves where they come from and why. */
async function* quarantinedRecords(lines: AsyncIterable<Uint8Array>): AsyncGenerator<ExportedRecord> {
  for await (const record of plainRecords(lines)) {
    if (record.value === null) continue; // a line of ours is an object
    const line = parsed<FindingsLine>(record.value);
    yield { ...record, origin: line.origin, findings: namesOf(line.findings) };
  }
}

async function* findingsOf(files: RunFiles): AsyncGenerator<readonly FindingName[]> {
  for await (const line of linesIn(files, findingsFile(files.topic)))
    yield namesOf(parsed<FindingsLine>(line).findings);
}

/** A line of a file of ours, of that shape. */
function parsed<T>(line: Uint8Array): T {
  return JSON.parse(Buffer.from(line).toString()) as T;
}

async function* batches(
  records: AsyncIterable<ExportedRecord>,
  { from, to }: PartitionRange,
): AsyncGenerator<readonly ExportedRecord[]> {
  let batch: ExportedRecord[] = [];
  for await (const record of records) {
    if (record.offset < from) continue;
    if (record.offset >= to) break;
    batch.push(record);
    if (batch.length < BATCH_RECORDS) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
