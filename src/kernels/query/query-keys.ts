import { LRUCache } from 'lru-cache';
import { canonicalJson } from '../canonical-json/canonical-json.ts';
import type { BypassReason } from './bypass.ts';
import { type CanonicalResult, canonicalQuery, type QueryLevel } from './canonical.ts';
import { digest128 } from './digest.ts';
import type { SqlParser } from './parser.ts';
import type { Catalog } from './scope.ts';

/** `postgres`: recognized by meaning; `json`: RFC 8785; `other`: any language, by its text. */
export type Dialect = 'postgres' | 'json' | 'other';

/** Distinct texts whose key is remembered. */
export const DEFAULT_MEMO_ENTRIES = 10_000;
/** Characters of text the memo may hold altogether. */
const MEMO_CHARS = 32 * 1024 * 1024;

export interface QueryKeysOptions {
  readonly dialect: Dialect;
  readonly level: QueryLevel;
  readonly catalog?: Catalog;
  readonly catalogVersion?: string;
  readonly shareableFunctions?: ReadonlySet<string>;
  readonly memoEntries?: number;
  /** Needed for dialect `postgres` at every level but `text`. */
  readonly parser?: SqlParser;
}

/** What else decides which rows a query gives: two callers share only when all of it is equal. */
export interface QueryContext {
  readonly tenant?: unknown;
  readonly role?: unknown;
  readonly searchPath?: unknown;
  /** Session settings that change results: time zone, collation, date style, … */
  readonly settings?: unknown;
  /** Bound parameters, with their JSON types. */
  readonly params?: unknown;
  /** Versions of the tables read, or a snapshot id. */
  readonly version?: unknown;
}

export type QueryKey =
  | {
      readonly kind: 'key';
      readonly key: string;
      readonly text: string;
      readonly rewrites: readonly string[];
      readonly tables: readonly string[];
    }
  | { readonly kind: 'bypass'; readonly reason: BypassReason };

/**
 * Keys of queries, with a memo from text to canonical key in front of the parser.
 *
 * Cost: a memo hit is one LRU look-up and one short hash (a few µs at most); a miss is a parse.
 * Errors: none; what cannot be keyed is a bypass with its reason.
 */
export class QueryKeys {
  private readonly memo: LRUCache<string, CanonicalResult>;
  private readonly options: QueryKeysOptions;
  hits = 0;
  misses = 0;

  constructor(options: QueryKeysOptions) {
    this.options = options;
    this.memo = new LRUCache({
      max: options.memoEntries ?? DEFAULT_MEMO_ENTRIES,
      maxSize: MEMO_CHARS,
      sizeCalculation: (_result, sql) => sql.length + 1,
    });
  }

  get level(): QueryLevel {
    return this.options.dialect === 'postgres' ? this.options.level : 'text';
  }

  /** The composite key of one call. Texts recognized as one share `text` (the key of the query alone). */
  key(sql: string, context: QueryContext = {}): QueryKey {
    const result = this.canonical(sql);
    if (result.kind === 'bypass') return result;
    const { dialect, level, catalogVersion } = this.options;
    const { tenant, role, searchPath, settings, params, version } = context;
    const parts = [dialect, level, catalogVersion, tenant, role, searchPath, settings, params, version, result.key];
    return {
      kind: 'key',
      key: digest128(parts.map(typed).join('\n')),
      text: result.key,
      rewrites: result.rewrites,
      tables: result.tables,
    };
  }

  private canonical(sql: string): CanonicalResult {
    const known = this.memo.get(sql);
    if (known !== undefined) {
      this.hits++;
      return known;
    }
    this.misses++;
    const full = this.compute(sql);
    // the canonical text is for explanations only: not worth holding
    const result: CanonicalResult = full.kind === 'key' ? { ...full, canonical: '' } : full;
    this.memo.set(sql, result);
    return result;
  }

  private compute(sql: string): CanonicalResult {
    const { dialect, level, parser, catalog, shareableFunctions } = this.options;
    if (dialect === 'json') return jsonKey(sql);
    if (dialect === 'other' || level === 'text' || parser === undefined)
      return canonicalQuery(sql, { level: 'text', parse: noParser });
    return canonicalQuery(sql, {
      level,
      parse: parser.parse,
      ...(catalog === undefined ? {} : { catalog }),
      ...(shareableFunctions === undefined ? {} : { shareableFunctions }),
    });
  }
}

function noParser(): never {
  throw new Error('level text needs no parser');
}

function jsonKey(body: string): CanonicalResult {
  try {
    const canonical = canonicalJson(JSON.parse(body));
    return { kind: 'key', key: digest128(canonical), canonical, rewrites: ['json'], tables: [] };
  } catch {
    return { kind: 'bypass', reason: 'unparsable' };
  }
}

/** Unambiguous text of a part: absent, 1 and "1" differ. Lines cannot be forged: JSON escapes line breaks. */
function typed(part: unknown): string {
  return part === undefined ? '' : canonicalJson(part);
}
