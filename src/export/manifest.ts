import { readFile } from 'node:fs/promises';
import type { CertificateStamp } from '../core/certificate.ts';
import { ConfigError } from '../core/errors.ts';

export const MANIFEST_FILE = 'manifest.json';
export const MANIFEST_FORMAT = 'sluice-export 1';

/** What an export holds: a function of the range alone, so that it can be made again and compared. */
export interface ExportManifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly tool: { readonly name: 'sluice'; readonly version: string };
  readonly source: { readonly kind: 'kafka' | 'files'; readonly topic: string };
  readonly range: ManifestRange;
  readonly partitions: readonly ManifestPartition[];
  readonly counts: {
    readonly records: number;
    readonly fates: Readonly<Record<string, number>>;
    /** `step/rule` → severity → findings. Absent where they cannot be told. */
    readonly rules?: Readonly<Record<string, Readonly<Record<string, number>>>>;
    /** Records without a value: no line. */
    readonly tombstones: number;
  };
  readonly beside?: ManifestBeside;
  /** By which plans the records passed; `by` says who says so. */
  readonly topology: readonly (CertificateStamp & { readonly by: 'certificates' | 'run' | 'file' })[];
  /** Ids of the schemas their values were written with, in a registry. */
  readonly schemas: readonly number[];
  readonly files: readonly ManifestFile[];
  readonly parquet?: { readonly engine: string };
  /** What is not exact. */
  readonly notes: readonly string[];
}

/** Where a range by time takes the times from, when it is no field of the value. */
export const RECORD_TIMESTAMP = 'record timestamp';

export type ManifestRange =
  | { readonly by: 'offset' }
  | { readonly by: 'time'; readonly of: string; readonly since?: string; readonly until?: string };

/** Input records between the first and the last that were exported, and what became of those that stand in other topics. */
export interface ManifestBeside {
  readonly origins: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly from: number;
    readonly to: number;
  }[];
  readonly topics: readonly string[];
  readonly fates: Readonly<Record<string, number>>;
  /** Findings on them, as in `counts`. */
  readonly rules: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export interface ManifestPartition {
  readonly partition: number;
  /** Ranges by time: of the first record in it, and after the last one; absent where there is none. */
  readonly from?: number;
  readonly to?: number;
  readonly records: number;
  /** Ranges by offset: offsets that hold no record any more, or never did (aborted, control records, compacted). */
  readonly holes?: { readonly offsets: number; readonly ranges: readonly (readonly [number, number])[] };
}

export interface ManifestFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly records: number;
}

export function manifestText(manifest: ExportManifest): string {
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Throws ConfigError when there is no export in `folder`. */
export async function readExportManifest(folder: string): Promise<ExportManifest> {
  let found: Partial<ExportManifest>;
  try {
    found = JSON.parse(await readFile(`${folder}/${MANIFEST_FILE}`, 'utf8'));
  } catch (cause) {
    throw new ConfigError(`${folder} holds no export: its ${MANIFEST_FILE} cannot be read`, {
      code: 'no-export',
      cause,
    });
  }
  if (found.format !== MANIFEST_FORMAT || !Array.isArray(found.files))
    throw new ConfigError(`${folder}/${MANIFEST_FILE}: expected format ${MANIFEST_FORMAT}, found ${found.format}`, {
      code: 'no-export',
    });
  return found as ExportManifest; // of the format we write
}
