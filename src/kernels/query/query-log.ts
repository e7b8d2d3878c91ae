import type { QueryContext, QueryKeys } from './query-keys.ts';
import { TableVersions } from './table-versions.ts';
import { effectOf } from './write-effect.ts';

/** One line of a log: a text and how often and how long it was executed. */
export interface LoggedQuery {
  readonly text: string;
  readonly context: QueryContext;
  readonly executions: number;
  /** Milliseconds of all executions together; undefined when the log does not say. */
  readonly ms: number | undefined;
  /** Parameters stand in the text and their values are not in the log: executions of one text may differ. */
  readonly unknownParameters: boolean;
}

export interface QueryGroup {
  executions: number;
  ms: number;
  /** Executions, and their time, that gave what an earlier one had given. */
  avoidable: number;
  avoidableMs: number;
  /** First spellings met, shortened. */
  readonly spellings: string[];
  /** How many were met; beyond MAX_SPELLINGS they are counted as often as met. */
  moreSpellings: boolean;
  /** Rewrites that every spelling needed, and that any did: what is between made them differ. */
  common: ReadonlySet<string>;
  readonly rewrites: Set<string>;
  readonly tables: readonly string[];
  readonly unknownParameters: boolean;
  /** Versions of its tables when it was last executed. */
  version: string;
  readonly shape: string;
}

export interface ShapeGroup {
  executions: number;
  ms: number;
  /** Different literals or parameters. */
  values: number;
  example: string;
  /** Most executions in a row, others of the shape not counting as others. */
  longestRun: number;
  readonly unknownParameters: boolean;
}

export interface QueryLogOptions {
  readonly keys: QueryKeys;
  /** Groups kept; beyond it those executed once are forgotten, oldest first, and counted. */
  readonly maxGroups?: number;
}

const DEFAULT_MAX_GROUPS = 200_000;
const MAX_SPELLINGS = 4;
const MAX_EXAMPLE_CHARS = 2000;

/**
 * What repeats in a log of queries, read in the order of execution: distinct questions, their repetitions, and which of
 * these an earlier answer could have served, because no statement of the log wrote to their tables in between. Queries of one
 * shape with other literals (likely N+1) are counted apart and never taken for one.
 *
 * Errors: none. Cost: a memo hit (≈ 2 µs) or a parse a line. Memory: about 1 KB a group.
 */
export class QueryLog {
  executions = 0;
  ms = 0;
  timed = false;
  distinct = 0;
  forgotten = 0;
  readonly bypassed = new Map<string, number>();
  readonly groups = new Map<string, QueryGroup>();
  readonly shapes = new Map<string, ShapeGroup>();
  private readonly keys: QueryKeys;
  private readonly maxGroups: number;
  private readonly versions = new TableVersions();
  private lastShape = '';
  private run = 0;

  constructor(options: QueryLogOptions) {
    this.keys = options.keys;
    this.maxGroups = options.maxGroups ?? DEFAULT_MAX_GROUPS;
  }

  add(query: LoggedQuery): void {
    this.executions += query.executions;
    if (query.ms !== undefined) {
      this.ms += query.ms;
      this.timed = true;
    }
    const key = this.keys.key(query.text, query.context);
    if (key.kind === 'bypass') {
      this.bypassed.set(key.reason, (this.bypassed.get(key.reason) ?? 0) + query.executions);
      this.write(query.text, key.reason);
      return;
    }
    const shape = key.shape ?? key.query;
    let group = this.groups.get(key.key);
    const isNew = group === undefined;
    if (group === undefined) {
      this.distinct++;
      this.makeRoom();
      group = emptyGroup(shape, key.tables, query.unknownParameters);
      this.groups.set(key.key, group);
    }
    this.repeat(group, query, isNew);
    describe(group, query.text, key.rewrites);
    this.countShape(shape, query, isNew);
  }

  private repeat(group: QueryGroup, query: LoggedQuery, isNew: boolean): void {
    const version = this.versions.of(group.tables);
    const served = query.unknownParameters ? 0 : query.executions - (isNew || group.version !== version ? 1 : 0);
    group.version = version;
    group.executions += query.executions;
    group.ms += query.ms ?? 0;
    group.avoidable += served;
    group.avoidableMs += query.executions === 0 ? 0 : ((query.ms ?? 0) * served) / query.executions;
  }

  private countShape(shape: string, query: LoggedQuery, isNew: boolean): void {
    this.run = shape === this.lastShape ? this.run + query.executions : query.executions;
    this.lastShape = shape;
    let group = this.shapes.get(shape);
    if (group === undefined) {
      if (this.shapes.size >= this.maxGroups) return;
      const example = query.text.slice(0, MAX_EXAMPLE_CHARS);
      const { unknownParameters } = query;
      group = { executions: 0, ms: 0, values: 0, example, longestRun: 0, unknownParameters };
      this.shapes.set(shape, group);
    }
    group.executions += query.executions;
    group.ms += query.ms ?? 0;
    group.longestRun = Math.max(group.longestRun, this.run);
    if (isNew) group.values++;
  }

  private write(text: string, reason: string): void {
    const effect = effectOf(text, reason);
    if (effect === 'all') this.versions.bumpAll();
    else for (const table of effect) this.versions.bump(table);
  }

  /** Half of what was executed once goes when there is no more room. */
  private makeRoom(): void {
    if (this.groups.size < this.maxGroups) return;
    let left = Math.ceil(this.maxGroups / 2);
    for (const pass of ['single', 'any']) {
      for (const [key, group] of this.groups) {
        if (left === 0) return;
        if (pass === 'single' && group.executions > 1) continue;
        this.groups.delete(key);
        this.forgotten++;
        left--;
      }
    }
  }
}

function emptyGroup(shape: string, tables: readonly string[], unknownParameters: boolean): QueryGroup {
  return {
    executions: 0,
    ms: 0,
    avoidable: 0,
    avoidableMs: 0,
    spellings: [],
    moreSpellings: false,
    common: new Set(),
    rewrites: new Set(),
    tables,
    unknownParameters,
    version: '',
    shape,
  };
}

function describe(group: QueryGroup, text: string, rewrites: readonly string[]): void {
  const spelling = text.slice(0, MAX_EXAMPLE_CHARS);
  if (group.spellings.includes(spelling)) return;
  for (const rewrite of rewrites) group.rewrites.add(rewrite);
  const isFirst = group.spellings.length === 0;
  group.common = new Set(isFirst ? rewrites : rewrites.filter((rewrite) => group.common.has(rewrite)));
  if (group.spellings.length < MAX_SPELLINGS) group.spellings.push(spelling);
  else group.moreSpellings = true;
}
