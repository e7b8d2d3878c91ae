import type { Codec } from '../../core/codec.ts';
import type { CsvOptions } from '../csv.ts';
import { CsvFramer } from './csv-rows.ts';
import { JsonFileFramer } from './json-values.ts';
import { LineFramer } from './lines.ts';

interface FramerSpec {
  readonly extension: string;
  readonly codec: Codec;
  /** `{ format, csv }` of the input. */
  readonly options?: unknown;
  readonly resume?: { readonly offset: number; readonly state: unknown };
}

/** What cuts a file into records, by its extension, else by the format of its topic. */
export function makeFramer(spec: FramerSpec): LineFramer | JsonFileFramer | CsvFramer {
  const offset = spec.resume?.offset ?? 0;
  const extension = spec.extension.replace(/^\./, '').toLowerCase();
  if (extension === 'csv' || extension === 'tsv' || spec.codec.name === 'csv') {
    const csv = (spec.options as { csv?: CsvOptions } | undefined)?.csv; // checked by the topology's schema
    const options = extension === 'tsv' ? { delimiter: '\t', ...csv } : (csv ?? {});
    return new CsvFramer(options, offset, spec.resume?.state);
  }
  if (extension === 'json') return new JsonFileFramer(offset, spec.resume?.state);
  return new LineFramer(offset);
}
