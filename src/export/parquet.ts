import { stat } from 'node:fs/promises';
import { ConfigError } from '../core/errors.ts';
import type { ManifestFile } from './manifest.ts';
import { sha256Of } from './sha256.ts';

/** Longest value DuckDB takes, bytes. */
const MOST_BYTES = 256 * 1024 * 1024;

/**
 * Writes each NDJSON file once more as Parquet, and adds what it wrote to `files`; empty ones have no columns and are left out.
 * Columns and types are DuckDB's, found in all records. One thread, so that the same rows give the same bytes. Gives the
 * engine's version, of which the bytes are a function too. Throws ConfigError where it is not installed.
 */
export async function toParquet(folder: string, files: ManifestFile[]): Promise<string> {
  const { DuckDBInstance, version } = await duckdb();
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    for (const { name, records } of [...files]) {
      if (records === 0 || name.endsWith('.meta.ndjson')) continue;
      const target = name.replace(/ndjson$/, 'parquet');
      const from = `read_json(${quoted(`${folder}/${name}`)}, format = 'newline_delimited', sample_size = -1, maximum_object_size = ${MOST_BYTES})`;
      await connection.run(
        `COPY (SELECT * FROM ${from}) TO ${quoted(`${folder}/${target}`)} (FORMAT parquet, COMPRESSION zstd)`,
      );
      const { size: bytes } = await stat(`${folder}/${target}`);
      files.push({ name: target, bytes, sha256: await sha256Of(`${folder}/${target}`), records });
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  return `DuckDB ${version()}`;
}

async function duckdb() {
  try {
    return await import('@duckdb/node-api');
  } catch (cause) {
    throw new ConfigError('--parquet needs DuckDB, which is not installed: npm install @duckdb/node-api', {
      code: 'no-duckdb',
      cause,
    });
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
