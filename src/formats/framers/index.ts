import type { Framer, FramerSpec } from '../../core/framer.ts';
import { isCsvCodec } from '../csv/codec.ts';
import { type CsvOptions, dialectOf } from '../csv/options.ts';
import { jsonCodec } from '../json/codec.ts';
import { CsvFramer } from './csv-rows.ts';
import { JsonFileFramer } from './json-values.ts';
import { DEFAULT_FRAMER_LIMITS, type FramerLimits } from './limits.ts';
import { LineFramer } from './records-in-lines.ts';
import { WholeFileFramer } from './whole-file.ts';

/**
 * What cuts a file into records. Text and bytes are read as such whatever the file is called. Else the extension says what
 * is in it: .csv and .tsv rows, .json values over any number of lines; other names are lines of JSON, or of csv when that
 * is the format of the topic. So one topic may be made of files of several kinds.
 */
export function makeFramer(spec: FramerSpec, limits: Partial<FramerLimits> = {}): Framer {
  const { codec, extension } = spec;
  const bounds = { ...DEFAULT_FRAMER_LIMITS, ...limits };
  const resume = spec.resume ?? { offset: 0, state: undefined };
  if (codec.name === 'text') return new LineFramer(codec, resume.offset, bounds);
  if (codec.name === 'bytes') return new WholeFileFramer(codec, resume.offset, bounds);
  const isLines = extension === 'ndjson' || extension === 'jsonl';
  if (extension === 'csv' || extension === 'tsv' || (codec.name === 'csv' && extension !== 'json' && !isLines))
    return new CsvFramer(dialectOf(csvOptions(spec)), resume, bounds);
  const json = codec.name === 'csv' ? jsonCodec() : codec;
  if (extension === 'json') return new JsonFileFramer(json, resume, bounds);
  return new LineFramer(json, resume.offset, bounds);
}

/** Options of the topic's codec or of its input; the delimiter of a .tsv is a tab unless they name one. */
function csvOptions({ codec, options, extension }: FramerSpec): CsvOptions {
  const tab = extension === 'tsv' ? { delimiter: '\t' } : {};
  const csv = (options as { readonly csv?: CsvOptions } | undefined)?.csv; // checked by the topology's schema
  if (csv !== undefined) return { ...tab, ...csv };
  if (!isCsvCodec(codec)) return tab;
  return codec.dialect.delimiter === ',' ? { ...codec.dialect, ...tab } : codec.dialect;
}
