import { ConfigError } from '../../core/errors.ts';
import { type OutputSchema, register } from './register.ts';
import type { SchemaCache, SchemaKind } from './schema-cache.ts';

/** The schema of an output and, once `open` has registered it, its id. */
export class RegisteredSchema {
  readonly schema: OutputSchema;
  private readonly cache: SchemaCache;
  private readonly kind: SchemaKind;
  private registered: number | undefined;
  private opening: Promise<void> | undefined;

  constructor(schema: OutputSchema, kind: SchemaKind, cache: SchemaCache) {
    this.schema = schema;
    this.kind = kind;
    this.cache = cache;
  }

  /** Every task of a process opens its outputs; one of them asks. */
  async open(): Promise<void> {
    if (this.registered !== undefined) return;
    this.opening ??= this.register().finally(() => {
      this.opening = undefined;
    });
    await this.opening;
  }

  get id(): number {
    if (this.registered === undefined)
      throw new ConfigError(`the schema of ${this.schema.subject} was never registered`, { code: 'not-registered' });
    return this.registered;
  }

  private async register(): Promise<void> {
    await this.cache.open();
    this.registered = await register(this.cache.client, this.kind, this.schema);
  }
}
