export type { BypassReason } from './bypass.ts';
export {
  type CanonicalOptions,
  type CanonicalResult,
  canonicalQuery,
  MAX_QUERY_CHARS,
  MAX_QUERY_DEPTH,
  type QueryLevel,
} from './canonical.ts';
export {
  type ExecuteOptions,
  type QueryCall,
  QueryGate,
  type QueryGateMetrics,
  type QueryGateOptions,
  queryGate,
} from './gate.ts';
export { parseCatalog } from './parse-catalog.ts';
export { SqlParser, type SqlTree } from './parser.ts';
export {
  DEFAULT_MEMO_ENTRIES,
  type Dialect,
  type QueryContext,
  type QueryKey,
  QueryKeys,
  type QueryKeysOptions,
} from './query-keys.ts';
export { type LoggedQuery, type QueryGroup, QueryLog, type ShapeGroup } from './query-log.ts';
export type { Catalog } from './scope.ts';
