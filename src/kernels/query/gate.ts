import { LRUCache } from 'lru-cache';
import type { BypassReason } from './bypass.ts';
import type { QueryLevel } from './canonical.ts';
import { Flights } from './flights.ts';
import { SqlParser } from './parser.ts';
import { type Dialect, type QueryContext, QueryKeys } from './query-keys.ts';
import type { Catalog } from './scope.ts';
import { roughBytes, sharer } from './share.ts';
import { TableVersions } from './table-versions.ts';
import { changeName } from './tables.ts';

/** Results the cache keeps, and their size together, unless said otherwise. */
const DEFAULT_CACHE_ENTRIES = 1000;
const DEFAULT_CACHE_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_FLIGHTS = 10_000;
const DEFAULT_MAX_WAITERS = 100_000;

export interface ExecuteOptions {
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
  readonly context: QueryContext;
}

export interface QueryGateOptions<T> {
  /** Runs one query. Reads must be repeatable: what differs between callers belongs into the context of the call. */
  readonly execute: (sql: string, params: unknown, options: ExecuteOptions) => Promise<T>;
  readonly dialect?: Dialect;
  readonly level?: QueryLevel;
  readonly catalog?: Catalog;
  readonly catalogVersion?: string;
  readonly shareableFunctions?: ReadonlySet<string>;
  /** What a view reads: a write to the table then invalidates the view too. `{ active_users: ['users'] }` */
  readonly views?: Readonly<Record<string, readonly string[]>>;
  /** Absent: single flight only. */
  readonly cache?: {
    readonly ttlMs: number;
    /** After ttlMs an old result is served this much longer while one execution renews it. */
    readonly staleWhileRevalidateMs?: number;
    readonly maxEntries?: number;
    readonly maxBytes?: number;
    /** Bytes of a result; default: a count of its texts, numbers and buffers. */
    readonly sizeOf?: (result: T) => number;
  };
  readonly maxFlights?: number;
  readonly maxWaiters?: number;
  /** Milliseconds, monotonic; for tests. */
  readonly elapsed?: () => number;
}

export interface QueryCall extends QueryContext {
  readonly signal?: AbortSignal;
  /** Executes as it is: inside a transaction, where a caller must see its own writes. */
  readonly bypass?: boolean;
}

export interface QueryGateMetrics {
  /** Executions, alone or shared. */
  readonly calls: number;
  /** Callers that joined an execution under way. */
  readonly shared: number;
  readonly cacheHits: number;
  readonly staleHits: number;
  /** Executions beyond the bounds of flights or waiters. */
  readonly overflow: number;
  readonly bypassed: Readonly<Record<string, number>>;
  /** Executions avoided as a share of all queries: the headline figure. */
  readonly avoidedRatio: number;
  readonly open: number;
  readonly memoHits: number;
  readonly parsed: number;
  /** Time spent on the texts that were not known, milliseconds. */
  readonly parseMs: number;
}

interface Cached<T> {
  readonly take: () => T;
  readonly bytes: number;
  readonly freshUntil: number;
}

interface Direct {
  readonly sql: string;
  readonly params: unknown;
  readonly context: QueryContext;
  readonly signal: AbortSignal | undefined;
}

/** Why a call is executed as it is. */
interface Why {
  readonly reason: BypassReason | 'asked';
  readonly readOnly?: true;
}

const ASKED: Why = { reason: 'asked' };

/**
 * A gate in front of a database: one execution serves all callers who ask the same at the same time, and, with a cache,
 * for `ttlMs` after. Sharing needs the same meaning (see canonicalQuery) and the same context; what may write or may
 * answer differently is executed as it is. A write through the gate, or `invalidate()`, makes every older flight
 * and result of its tables unreachable, so a caller who wrote never gets an answer from before.
 */
export class QueryGate<T> {
  private readonly options: QueryGateOptions<T>;
  private readonly keys: QueryKeys;
  private readonly flights: Flights<T>;
  private readonly cache: LRUCache<string, Cached<T>> | undefined;
  private readonly elapsed: () => number;
  private readonly versions = new TableVersions();
  private readonly views: ReadonlyMap<string, readonly string[]>;
  private cacheHits = 0;
  private staleHits = 0;
  private bypassedCalls = 0;
  private readonly bypassed: Record<string, number> = {};

  constructor(options: QueryGateOptions<T>, keys: QueryKeys) {
    this.options = options;
    this.keys = keys;
    const views = Object.entries(options.views ?? {});
    this.views = new Map(views.map(([view, tables]) => [changeName(view), tables]));
    this.elapsed = options.elapsed ?? (() => performance.now());
    this.flights = new Flights({
      maxFlights: options.maxFlights ?? DEFAULT_MAX_FLIGHTS,
      maxWaiters: options.maxWaiters ?? DEFAULT_MAX_WAITERS,
    });
    if (options.cache !== undefined) {
      this.cache = new LRUCache({
        max: options.cache.maxEntries ?? DEFAULT_CACHE_ENTRIES,
        maxSize: options.cache.maxBytes ?? DEFAULT_CACHE_BYTES,
        sizeCalculation: (entry) => entry.bytes,
      });
    }
  }

  /** The rows of `sql`. Rejects with the execution's error, or with the reason of the caller's own signal. */
  async query(sql: string, params?: unknown, call: QueryCall = {}): Promise<T> {
    const { signal, bypass, ...context } = call;
    if (bypass === true) return this.direct({ sql, params, context, signal }, ASKED);
    const known = this.keys.key(sql, { ...context, params });
    if (known.kind === 'bypass') return this.direct({ sql, params, context, signal }, known);
    const key = `${known.key} ${this.version(known.tables)}`;
    const hit = this.cache?.get(key);
    const now = this.elapsed();
    if (hit !== undefined && now < hit.freshUntil) {
      this.cacheHits++;
      return hit.take();
    }
    const start = (flightSignal: AbortSignal) => this.execute(key, sql, params, context, flightSignal);
    const staleMs = this.options.cache?.staleWhileRevalidateMs ?? 0;
    if (hit !== undefined && now < hit.freshUntil + staleMs) {
      this.staleHits++;
      this.flights.run(key, start).catch(() => {}); // the renewal failed: the old result serves until its time is over
      return hit.take();
    }
    return this.flights.run(key, start, signal);
  }

  /** Results and flights of these tables (all, when none is named) are not shared with later callers. */
  invalidate(tables?: readonly string[]): void {
    if (tables === undefined) this.versions.bumpAll();
    else for (const table of tables) this.versions.bump(table);
  }

  metrics(): QueryGateMetrics {
    const { calls, shared, overflow } = this.flights.stats;
    const executed = calls + this.bypassedCalls;
    const avoided = shared + this.cacheHits + this.staleHits;
    return {
      calls: executed,
      shared,
      cacheHits: this.cacheHits,
      staleHits: this.staleHits,
      overflow,
      bypassed: { ...this.bypassed },
      avoidedRatio: executed + avoided === 0 ? 0 : avoided / (executed + avoided),
      open: this.flights.open,
      memoHits: this.keys.hits,
      parsed: this.keys.misses,
      parseMs: this.keys.parseMs,
    };
  }

  private async execute(
    key: string,
    sql: string,
    params: unknown,
    context: QueryContext,
    signal: AbortSignal,
  ): Promise<() => T> {
    const result = await this.options.execute(sql, params, { signal, context });
    const take = sharer(result);
    const cache = this.options.cache;
    if (cache !== undefined) {
      const bytes = Math.max(1, Math.ceil(cache.sizeOf?.(result) ?? roughBytes(result)));
      this.cache?.set(key, { take, bytes, freshUntil: this.elapsed() + cache.ttlMs });
    }
    return take;
  }

  private async direct({ sql, params, context, signal }: Direct, { reason, readOnly }: Why): Promise<T> {
    this.bypassed[reason] = (this.bypassed[reason] ?? 0) + 1;
    this.bypassedCalls++;
    try {
      return await this.options.execute(sql, params, { signal: signal ?? new AbortController().signal, context });
    } finally {
      // also after a failure: part of it may have been written
      if (readOnly !== true) this.invalidate();
    }
  }

  private version(tables: readonly string[]): string {
    if (this.views.size === 0) return this.versions.of(tables);
    return this.versions.of(tables.flatMap((table) => [table, ...(this.views.get(changeName(table)) ?? [])]));
  }
}

/** Loads the parser and makes a gate. */
export async function queryGate<T>(options: QueryGateOptions<T>): Promise<QueryGate<T>> {
  const dialect = options.dialect ?? 'postgres';
  const level = options.level ?? 'algebra';
  const keys = new QueryKeys({
    dialect,
    level,
    elapsed: options.elapsed ?? (() => performance.now()),
    ...(dialect === 'postgres' ? { parser: await SqlParser.load() } : {}),
    ...(options.catalog === undefined ? {} : { catalog: options.catalog }),
    ...(options.catalogVersion === undefined ? {} : { catalogVersion: options.catalogVersion }),
    ...(options.shareableFunctions === undefined ? {} : { shareableFunctions: options.shareableFunctions }),
  });
  return new QueryGate(options, keys);
}
