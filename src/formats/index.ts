import { readFileSync } from 'node:fs';
import type { Codec } from '../core/codec.ts';
import { ConfigError } from '../core/errors.ts';
import { bytesCodec } from './bytes.ts';
import { csvCodec } from './csv/codec.ts';
import type { CsvOptions } from './csv/options.ts';
import { jsonCodec } from './json/codec.ts';
import { RegistryFormats, type RegistryFormatsOptions, type SchemaOptions } from './registry/formats.ts';
import { textCodec } from './text.ts';

export { makeFramer } from './framers/index.ts';
export type { RegistryConnection } from './registry/client.ts';

const NO_REGISTRY: RegistryFormatsOptions = {
  connection: () => undefined,
  readFile: (path) => readFileSync(path, 'utf8'),
};

/** createCodec for one topology, with its schema registry. */
export function createFormats(
  options: RegistryFormatsOptions,
): (name: string, options: Readonly<Record<string, unknown>>) => Codec {
  const registry = new RegistryFormats(options);
  return (name, own) =>
    name === 'avro' || name === 'json-schema'
      ? registry.codec(name, own as SchemaOptions) // checked by the topology's schema
      : createCodec(name, own);
}

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
    case 'avro':
    case 'json-schema':
      return new RegistryFormats(NO_REGISTRY).codec(name, options as SchemaOptions); // checked as above
    default:
      throw new ConfigError(`there is no format ${name}`, { code: 'unknown-format' });
  }
}
