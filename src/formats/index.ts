import type { Codec } from '../core/codec.ts';
import { ConfigError } from '../core/errors.ts';
import { bytesCodec } from './bytes.ts';
import { csvCodec } from './csv/codec.ts';
import type { CsvOptions } from './csv/options.ts';
import { jsonCodec } from './json/codec.ts';
import { textCodec } from './text.ts';

export { makeFramer } from './framers/index.ts';

/**
 * The codec of a `format:`; `options` are the format's own (`csv:`). One codec serves one input or output. Throws
 * ConfigError for a format this build does not have.
 */
export function createCodec(name: string, options: Readonly<Record<string, unknown>> = {}): Codec {
  switch (name) {
    case 'json':
      return jsonCodec();
    case 'csv':
      return csvCodec(options as CsvOptions); // checked by the topology's schema
    case 'text':
      return textCodec();
    case 'bytes':
      return bytesCodec();
    default:
      throw new ConfigError(`there is no format ${name}`, { code: 'unknown-format' });
  }
}
