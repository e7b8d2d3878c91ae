import { type Clock, systemClock } from '../../core/clock.ts';
import type { Codec } from '../../core/codec.ts';
import { ConfigError, FormatError } from '../../core/errors.ts';
import { avroCodec } from '../avro/codec.ts';
import { jsonSchemaCodec } from '../json-schema/codec.ts';
import { RegistryClient, type RegistryConnection } from './client.ts';
import type { Compatibility, OutputSchema } from './register.ts';
import { SchemaCache } from './schema-cache.ts';

/** `schema:` of an output or input, with the topic it is of. */
export interface SchemaOptions {
  readonly schema?:
    | string
    | { readonly file: string; readonly subject?: string; readonly compatibility?: Compatibility };
  readonly topic?: string;
  readonly side?: 'input' | 'output';
}

export interface RegistryFormatsOptions {
  /** Asked when it is needed first: the topology that says it is read by then. Undefined: there is no registry. */
  readonly connection: () => RegistryConnection | undefined;
  /** Text of a schema file. Throws ConfigError. */
  readonly readFile: (path: string) => string;
  readonly clock?: Clock;
}

/** The formats whose schemas are in a registry. Their codecs share one cache: an id is asked for once. */
export class RegistryFormats {
  private readonly options: RegistryFormatsOptions;
  private readonly cache: SchemaCache;

  constructor(options: RegistryFormatsOptions) {
    this.options = options;
    const clock = options.clock ?? systemClock;
    this.cache = new SchemaCache(() => {
      const connection = options.connection();
      return connection === undefined ? undefined : new RegistryClient(connection, clock);
    }, clock);
  }

  codec(format: 'avro' | 'json-schema', { schema, topic, side }: SchemaOptions): Codec {
    const { cache } = this;
    try {
      if (schema === undefined) return format === 'avro' ? avroCodec({ cache }) : jsonSchemaCodec({ cache });
      const { file, subject, compatibility } = typeof schema === 'string' ? { file: schema } : schema;
      const text = this.options.readFile(file);
      if (side === 'input') return inputCodec(format, cache, text);
      const output: OutputSchema = {
        text,
        file,
        subject: subject ?? `${topic}-value`,
        ...(compatibility === undefined ? {} : { compatibility }),
      };
      return format === 'avro' ? avroCodec({ cache, output }) : jsonSchemaCodec({ cache, output });
    } catch (cause) {
      if (!(cause instanceof FormatError)) throw cause;
      throw new ConfigError(cause.message, { code: 'bad-schema', cause });
    }
  }
}

function inputCodec(format: 'avro' | 'json-schema', cache: SchemaCache, reader: string): Codec {
  if (format === 'avro') return avroCodec({ cache, reader });
  throw new ConfigError('a JSON Schema has no reader schema: leave `schema` out of the input', { code: 'bad-schema' });
}
