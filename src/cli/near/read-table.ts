import { existsSync } from 'node:fs';
import { ConfigError } from '../../core/errors.ts';
import { collect } from '../profile/collect.ts';

export interface TableFlags {
  readonly format?: 'json' | 'csv';
  readonly delimiter?: string;
}

/** All values of a file or folder, in order; what cannot be decoded is an error, since numbers of records would shift. */
export async function readTable(path: string, flags: TableFlags): Promise<readonly unknown[]> {
  if (!existsSync(path)) throw new ConfigError(`${path}: no such file`, { code: 'no-input' });
  const isCsv = /\.(?:csv|tsv)(?:\.(?:gz|zst))?$/i.test(path);
  const { sample, undecodable } = await collect(
    {
      path,
      format: flags.format ?? (isCsv ? 'csv' : 'json'),
      ...(flags.delimiter === undefined ? {} : { delimiter: flags.delimiter }),
    },
    Number.POSITIVE_INFINITY,
  );
  if (undecodable > 0)
    throw new ConfigError(`${path}: ${undecodable} records cannot be read: repair them or name --format, --delimiter`, {
      code: 'near-undecodable',
    });
  return sample;
}
