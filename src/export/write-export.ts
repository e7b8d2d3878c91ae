import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CertificateStamp } from '../core/certificate.ts';
import { ConfigError, FormatError } from '../core/errors.ts';
import { compileField } from '../core/field.ts';
import { DataRecord } from '../core/record.ts';
import { parseInstant } from '../core/time.ts';
import { jsonCodec } from '../formats/json/codec.ts';
import { type BesideTopic, countBeside, Spans } from './beside.ts';
import { OffsetExtent, TimeExtent } from './extent.ts';
import { bodyOf, lineOf } from './line-of.ts';
import {
  type ExportManifest,
  MANIFEST_FILE,
  MANIFEST_FORMAT,
  type ManifestBeside,
  type ManifestFile,
  type ManifestPartition,
  manifestText,
  RECORD_TIMESTAMP,
} from './manifest.ts';
import { toParquet } from './parquet.ts';
import { PartFile } from './part-file.ts';
import { offsetRanges, type RangeSpec } from './range.ts';
import { atRecord, type ExportedRecord, type ExportSource, type PartitionRange } from './source.ts';
import { Tally } from './tally.ts';

export interface ExportOptions {
  readonly source: ExportSource;
  readonly range: RangeSpec;
  /** Made; must not exist, or be empty. */
  readonly folder: string;
  readonly version: string;
  /** What becomes of input records that stand in this topic, where a topology says so. */
  readonly fate?: string;
  /** Of the topology that was given. */
  readonly plan?: CertificateStamp;
  /** A second file a partition: offset, timestamp, key and origin, line by line. */
  readonly meta: boolean;
  readonly parquet: boolean;
  /** Topics in which to look for the input records that are not exported. */
  readonly beside?: readonly BesideTopic[];
}

export interface Exported {
  readonly manifest: ExportManifest;
  /** Ranges by time: records that were read and have no readable time; they are left out. */
  readonly untimed: number;
}

/**
 * Writes a range of a topic as NDJSON, one file a partition in order of offsets, with a manifest. The folder appears under its
 * name once everything is in it. Throws ConfigError when it holds something, BrokerError for a range that cannot be had.
 */
export async function writeExport(options: ExportOptions): Promise<Exported> {
  const { source, range } = options;
  const folder = resolve(options.folder);
  await refuseFilled(folder);
  const ranges = offsetRanges(range, await source.bounds());
  const draft = `${folder}.part-${randomUUID()}`;
  await mkdir(draft, { recursive: true });
  try {
    const tally = new Tally();
    const spans = new Spans();
    const partitions: ManifestPartition[] = [];
    const files: ManifestFile[] = [];
    const notes = [...source.notes];
    for (const one of ranges) {
      const written = await writePartition(one, { ...options, folder: draft, tally, spans });
      if (written.unlisted > 0)
        notes.push(`partition ${one.partition}: ${written.unlisted} further ranges of holes are not listed`);
      partitions.push(written.partition);
      files.push(...written.files);
    }
    const rules = await ruleCounts(options, tally, notes);
    const engine = options.parquet ? await toParquet(draft, files) : undefined;
    const beside = options.beside === undefined ? undefined : await countBeside(spans, options.beside);
    const manifest = manifestOf(options, { tally, partitions, files, rules, notes, engine, beside });
    await writeFile(`${draft}/${MANIFEST_FILE}`, manifestText(manifest));
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
    return { manifest, untimed: tally.untimed };
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

async function refuseFilled(folder: string): Promise<void> {
  const found = await readdir(folder).catch(() => []); // not there yet
  if (found.length > 0)
    throw new ConfigError(`${folder} is not empty: an export is never changed. Choose another folder as --out`, {
      code: 'export-exists',
    });
}

interface PartitionWork extends ExportOptions {
  readonly tally: Tally;
  readonly spans: Spans;
}

async function writePartition(range: PartitionRange, work: PartitionWork) {
  const { source, folder, tally, spans, meta } = work;
  const name = `part-${String(range.partition).padStart(5, '0')}`;
  const values = await PartFile.create(folder, `${name}.ndjson`);
  const about = meta ? await PartFile.create(folder, `${name}.meta.ndjson`) : undefined;
  const extent = work.range.by === 'time' ? new TimeExtent() : new OffsetExtent(range);
  const isIn = timeFilter(work.range, tally);
  let records = 0;
  for await (const batch of source.read(range))
    for (const record of batch) {
      if (!isIn(record)) continue;
      extent.record(record.offset);
      if (record.value === null) {
        tally.tombstones++;
        continue;
      }
      await values.add(valueLine(record, range.partition, tally));
      await about?.add(metaLine(record));
      tally.add(record);
      spans.add(record);
      records++;
    }
  const files = [await values.close(), ...(about === undefined ? [] : [await about.close()])];
  const { unlisted, ...found } = extent.end();
  const partition: ManifestPartition = { partition: range.partition, records, ...found };
  return { partition, files, unlisted };
}

function valueLine({ value, offset, schema: written }: ExportedRecord, partition: number, tally: Tally): Uint8Array {
  const { bytes, schema = written } = atRecord(partition, offset, () => lineOf(value ?? new Uint8Array()));
  if (schema !== undefined) tally.schemas.add(schema);
  return bytes;
}

function metaLine({ offset, timestamp, key, origin, findings, certificate }: ExportedRecord): Uint8Array {
  const line = {
    offset,
    ...(Number.isNaN(timestamp) ? {} : { timestamp }),
    ...(key === null ? {} : { keyBase64: Buffer.from(key).toString('base64') }),
    ...(origin === undefined ? {} : { origin }),
    ...(findings.length === 0 ? {} : { findings }),
    ...(certificate === undefined ? {} : { certificate }),
  };
  return Buffer.from(JSON.stringify(line));
}

/** Whether a record lies in a range by time; by offset all that are read do. */
function timeFilter(range: RangeSpec, tally: Tally): (record: ExportedRecord) => boolean {
  if (range.by === 'offset') return () => true;
  const { since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, field } = range;
  const timeOf = field === undefined ? ({ timestamp }: ExportedRecord) => timestamp : fieldTime(field);
  return (record) => {
    const time = timeOf(record);
    if (Number.isNaN(time)) tally.untimed++;
    return time >= since && time < until;
  };
}

function fieldTime(field: string): (record: ExportedRecord) => number {
  const slot = compileField(field);
  const codec = jsonCodec();
  return ({ value, offset }) => {
    if (value === null) return Number.NaN;
    const payload = bodyOf(value);
    let found: unknown;
    try {
      found = slot.get(new DataRecord({ source: { topic: '', partition: 0 }, offset, payload, codec }));
    } catch (error) {
      if (error instanceof FormatError) return Number.NaN; // counted as without a time
      throw error;
    }
    if (typeof found === 'number') return found;
    return typeof found === 'string' ? parseInstant(found) : Number.NaN;
  };
}

/** Undefined where findings cannot be told by record and the range is not all there is; then a note says so. */
async function ruleCounts({ source, range }: ExportOptions, tally: Tally, notes: string[]) {
  const { wholeFindings } = source;
  if (wholeFindings === undefined) return tally.ruleCounts();
  if (range.by === 'time' || range.since !== undefined || range.until !== undefined) {
    notes.push('counts.rules: findings on files name no place in the topic; write it with `certificate: origin`');
    return undefined;
  }
  for await (const findings of wholeFindings) tally.found(findings);
  return tally.ruleCounts();
}

interface Found {
  readonly tally: Tally;
  readonly partitions: readonly ManifestPartition[];
  readonly files: readonly ManifestFile[];
  readonly rules: ReturnType<Tally['ruleCounts']> | undefined;
  readonly notes: string[];
  readonly engine: string | undefined;
  readonly beside: ManifestBeside | undefined;
}

function manifestOf(options: ExportOptions, found: Found): ExportManifest {
  const { source, range, fate = 'unknown', version } = options;
  const { tally, partitions, files, rules, notes, engine, beside } = found;
  const topology = plansOf(options, tally);
  if (fate === 'unknown') notes.push('counts.fates: give --topology FILE to name what stands in this topic');
  if (topology.length === 0)
    notes.push('topology: records carry no certificates; write them with `certificate: full`, or give --topology FILE');
  return {
    format: MANIFEST_FORMAT,
    tool: { name: 'sluice', version },
    source: { kind: source.kind, topic: source.topic },
    range: rangeText(range),
    partitions,
    counts: {
      records: tally.records,
      fates: { [fate]: tally.records },
      ...(rules === undefined ? {} : { rules }),
      tombstones: tally.tombstones,
    },
    ...(beside === undefined ? {} : { beside }),
    topology,
    schemas: [...tally.schemas].sort((a, b) => a - b),
    files,
    ...(engine === undefined ? {} : { parquet: { engine } }),
    notes,
  };
}

function plansOf({ source, plan }: ExportOptions, tally: Tally): ExportManifest['topology'] {
  const certified = tally.certificates().map((one) => ({ ...one, by: 'certificates' as const }));
  if (certified.length > 0) return certified;
  if (source.run !== undefined) return [{ ...source.run, by: 'run' }];
  return plan === undefined ? [] : [{ ...plan, by: 'file' }];
}

function rangeText(range: RangeSpec): ExportManifest['range'] {
  if (range.by === 'offset') return { by: 'offset' };
  const text = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
  const [since, until] = [text(range.since), text(range.until)];
  return {
    by: 'time',
    of: range.field ?? RECORD_TIMESTAMP,
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  };
}
