import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.ts';
import { ConfigError, FormatError, OutageError } from '../../core/errors.ts';
import type { DataRecord } from '../../core/record.ts';
import { parseAvro } from '../avro/parse.ts';
import type { AvroType } from '../avro/types.ts';
import type { RegistryClient } from './client.ts';
import { schemaIdOf } from './wire.ts';

export type SchemaKind = 'AVRO' | 'JSON';

export interface Reference {
  readonly name: string;
  readonly text: string;
}

export type Schema =
  | { readonly kind: 'AVRO'; readonly type: AvroType }
  | { readonly kind: 'JSON'; readonly text: string; readonly references: readonly Reference[] };

/** A schema as the registry has it; `references` are texts of what it names, those they need before them. */
interface StoredSchema {
  readonly kind: string;
  readonly text: string;
  readonly references: readonly Reference[];
}

/** Questions at once. */
const PARALLEL = 8;
const MAX_SCHEMAS = 10_000;
const MAX_REFERENCES = 100;
/** Ids the registry does not have, and when to ask for them again. */
const MAX_UNKNOWN = 100_000;
const UNKNOWN_MS = 60_000;

/**
 * Schemas by id, asked for once. Values are read synchronously, so `prepare` has to have seen the ids of a batch before;
 * `get` then has the schema, or knows that there is none.
 */
export class SchemaCache {
  private readonly connect: () => RegistryClient | undefined;
  private connected: RegistryClient | undefined;
  private readonly known = new Map<number, Schema | FormatError>();
  /** With the time each was asked for. What `prepare` has seen here stays until it looks again. */
  private readonly unknown = new LRUCache<number, number>({ max: MAX_UNKNOWN });
  private readonly clock: Clock;
  /** Asked for by `get` before `prepare` saw them: records that came back from a checkpoint. */
  private readonly wanted = new Set<number>();

  constructor(connect: () => RegistryClient | undefined, clock: Clock) {
    this.connect = connect;
    this.clock = clock;
  }

  /** Undefined when every id in the payloads is known already. Rejects with OutageError. */
  prepare(records: readonly DataRecord[]): Promise<void> | undefined {
    let missing: Set<number> | undefined;
    let last = -1;
    for (const { payload } of records) {
      if (payload == null || typeof payload === 'string') continue;
      const id = schemaIdOf(payload);
      if (id === last || id < 0) continue;
      last = id;
      if (this.known.has(id) || this.isUnknown(id)) continue;
      missing ??= new Set();
      missing.add(id);
    }
    return missing === undefined ? undefined : this.fetchAll([...missing]);
  }

  /** Throws ConfigError when nobody said where it is. */
  get client(): RegistryClient {
    this.connected ??= this.connect();
    if (this.connected !== undefined) return this.connected;
    throw new ConfigError('no schema registry is known: set kafka.registry.url, or SCHEMA_REGISTRY_URL', {
      code: 'no-registry',
    });
  }

  /** Asks for what was wanted before it was there. */
  async open(): Promise<void> {
    void this.client;
    if (this.wanted.size > 0) await this.fetchAll([...this.wanted]);
    this.wanted.clear();
  }

  /** Throws FormatError `unknown-schema`, or `bad-schema` for one that cannot be used. */
  get(id: number): Schema {
    const found = this.known.get(id);
    if (found instanceof FormatError) throw found;
    if (found !== undefined) return found;
    if (this.unknown.has(id)) throw new FormatError(`the registry has no schema ${id}`, { code: 'unknown-schema' });
    this.wanted.add(id);
    throw new OutageError(`schema ${id} has not been asked for yet`, {
      code: 'schema-wanted',
      service: 'schema-registry',
    });
  }

  private isUnknown(id: number): boolean {
    const asked = this.unknown.get(id);
    return asked !== undefined && this.clock.elapsed() - asked < UNKNOWN_MS;
  }

  private async fetchAll(ids: readonly number[]): Promise<void> {
    for (let from = 0; from < ids.length; from += PARALLEL)
      await Promise.all(ids.slice(from, from + PARALLEL).map((id) => this.fetch(id)));
  }

  private async fetch(id: number): Promise<void> {
    const stored = await this.load(id);
    if (stored === undefined) {
      this.unknown.set(id, this.clock.elapsed());
      return;
    }
    // what is thrown away is asked for again, by id
    if (this.known.size >= MAX_SCHEMAS) this.known.clear();
    try {
      this.known.set(id, parse(stored));
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.known.set(id, error);
    }
  }

  private async load(id: number): Promise<StoredSchema | undefined> {
    const answer = await this.client.ask({ method: 'GET', path: `/schemas/ids/${id}` });
    if ('refusal' in answer) return undefined;
    const references: Reference[] = [];
    await this.loadReferences(answer.body.references, references, new Set());
    return { kind: String(answer.body.schemaType ?? 'AVRO'), text: String(answer.body.schema), references };
  }

  private async loadReferences(list: unknown, found: Reference[], seen: Set<string>): Promise<void> {
    if (!Array.isArray(list)) return;
    for (const { name, subject, version } of list as readonly Readonly<Record<string, unknown>>[]) {
      const path = `/subjects/${encodeURIComponent(String(subject))}/versions/${encodeURIComponent(String(version))}`;
      if (seen.has(path)) continue;
      seen.add(path);
      if (seen.size > MAX_REFERENCES)
        throw new FormatError('a schema with too many references', { code: 'bad-schema' });
      const answer = await this.client.ask({ method: 'GET', path });
      if ('refusal' in answer) continue; // the schema that names it says so
      await this.loadReferences(answer.body.references, found, seen);
      found.push({ name: String(name), text: String(answer.body.schema) });
    }
  }
}

function parse({ kind, text, references }: StoredSchema): Schema {
  if (kind === 'JSON') return { kind, text, references };
  if (kind !== 'AVRO') throw new FormatError(`a schema of type ${kind}`, { code: 'bad-schema' });
  const type = parseAvro(
    text,
    references.map((reference) => reference.text),
  );
  return { kind, type };
}
