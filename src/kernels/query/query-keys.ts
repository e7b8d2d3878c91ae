import { LRUCache } from 'lru-cache';
import { type Bypass, type CanonicalResult, canonicalQuery, type QueryLevel } from './canonical.ts';
import { contextText, hasVolatileText, Unkeyable } from './context-text.ts';
import { digest128, type Words, wordsOf } from './digest.ts';
import { jsonBody } from './json-body.ts';
import type { SqlParser } from './parser.ts';
import { plainText } from './plain-text.ts';
import type { Catalog } from './scope.ts';
import { shapeOf } from './shape.ts';

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
  /** Context and parameters were decoded from JSON: numbers that may have been rounded are a bypass. */
  readonly decodedNumbers?: boolean;
  /** Milliseconds, monotonic: times parsing. */
  readonly elapsed?: () => number;
  /** Gives keys of shapes too; for statistics. */
  readonly shapes?: boolean;
  /** Needed for dialect `postgres`. */
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
      /** Key of the query alone, whatever the context. */
      readonly query: string;
      /** Key of this very text in this context. */
      readonly exact: string;
      /** Both as words. */
      readonly keyWords: Words;
      readonly exactWords: Words;
      readonly rewrites: readonly string[];
      readonly tables: readonly string[];
      /** Key of the query without its constants, where asked for. */
      readonly shape: string | undefined;
    }
  | Bypass;

const EXACT = { decodedNumbers: false };
const DECODED = { decodedNumbers: true };
const UNKEYABLE: QueryKey = { kind: 'bypass', reason: 'unkeyable-context' };

/**
 * Keys of queries, with two memos in front of the parser: text and context to composite key, text to canonical key.
 *
 * Cost: a hit is one text of the context and one look-up (≈ 1 µs); another context of a known text costs two short
 * hashes (≈ 3 µs); a new text is a parse.
 * Errors: none; what cannot be keyed is a bypass with its reason.
 */
export class QueryKeys {
  private readonly memo: LRUCache<string, CanonicalResult>;
  private readonly composite: LRUCache<string, QueryKey>;
  private readonly options: QueryKeysOptions;
  private readonly prefix: string;
  hits = 0;
  misses = 0;
  /** Milliseconds spent on misses, where a clock was given. */
  parseMs = 0;

  constructor(options: QueryKeysOptions) {
    this.options = options;
    const { dialect, level, catalogVersion, memoEntries: max = DEFAULT_MEMO_ENTRIES } = options;
    this.prefix = [dialect, level, catalogVersion].map((part) => contextText(part, EXACT)).join('\n');
    const size = (_result: unknown, text: string): number => text.length + 1;
    this.memo = new LRUCache<string, CanonicalResult>({ max, maxSize: MEMO_CHARS, sizeCalculation: size });
    this.composite = new LRUCache<string, QueryKey>({ max, maxSize: MEMO_CHARS, sizeCalculation: size });
  }

  get level(): QueryLevel {
    return this.options.dialect === 'postgres' ? this.options.level : 'text';
  }

  /** The composite key of one call. */
  key(sql: string, context: QueryContext = {}): QueryKey {
    const place = this.contextKey(context);
    if (place === undefined) return UNKEYABLE;
    const memoKey = `${place}\n${sql}`; // a context text holds no line break but those between its parts
    const known = this.composite.get(memoKey);
    if (known !== undefined) {
      this.hits++;
      return known;
    }
    const key = this.compose(sql, context, memoKey, place);
    this.composite.set(memoKey, key);
    return key;
  }

  private contextKey({ tenant, role, searchPath, settings, params, version }: QueryContext): string | undefined {
    const options = this.options.decodedNumbers === true ? DECODED : EXACT;
    try {
      let text = contextText(tenant, options);
      for (const part of [role, searchPath, settings, params, version]) text += `\n${contextText(part, options)}`;
      return text;
    } catch (error) {
      if (error instanceof Unkeyable) return undefined;
      throw error;
    }
  }

  private compose(sql: string, context: QueryContext, memoKey: string, place: string): QueryKey {
    const result = this.canonical(sql);
    if (result.kind === 'bypass') return result;
    if (this.options.dialect === 'postgres' && hasVolatileText(context.params))
      return { kind: 'bypass', reason: 'volatile-value', readOnly: true };
    const key = digest128(`${this.prefix}\n${place}\n${result.key}`);
    const exact = digest128(`${this.prefix}\n${memoKey}`);
    return {
      kind: 'key',
      key,
      query: result.key,
      exact,
      keyWords: wordsOf(key),
      exactWords: wordsOf(exact),
      rewrites: result.rewrites,
      tables: result.tables,
      shape: this.options.shapes === true ? result.canonical : undefined,
    };
  }

  private canonical(sql: string): CanonicalResult {
    const known = this.memo.get(sql);
    if (known !== undefined) {
      this.hits++;
      return known;
    }
    this.misses++;
    const started = this.options.elapsed?.() ?? 0;
    const full = this.compute(sql);
    this.parseMs += (this.options.elapsed?.() ?? 0) - started;
    // the canonical text is for explanations only: not worth holding
    const canonical = full.kind === 'key' && this.options.shapes === true ? shapeOf(full.canonical) : '';
    const result: CanonicalResult = full.kind === 'key' ? { ...full, canonical } : full;
    this.memo.set(sql, result);
    return result;
  }

  private compute(sql: string): CanonicalResult {
    const { dialect, level, parser, catalog, shareableFunctions } = this.options;
    if (dialect === 'json') return jsonBody(sql);
    if (dialect === 'other' || parser === undefined) return plainText(sql);
    return canonicalQuery(sql, {
      level,
      parse: parser.parse,
      ...(catalog === undefined ? {} : { catalog }),
      ...(shareableFunctions === undefined ? {} : { shareableFunctions }),
    });
  }
}
