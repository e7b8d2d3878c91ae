/** Kernels for use on their own: algorithms without a broker, a clock or a topology. */
export { canonicalJson, canonicalJsonWithout } from './canonical-json/canonical-json.ts';
export { DedupState } from './dedup/dedup-state.ts';
export { KeyHasher } from './hash/key-hasher.ts';
export { LabelModel } from './label-model/label-model.ts';
export { SILENT } from './label-model/pattern-table.ts';
export { anyError, INVALID, majorityVerdict, modelVerdict, VALID } from './label-model/verdict.ts';
export { canonicalQuery, QueryGate, QueryKeys, queryGate, SqlParser } from './query/index.ts';
export { DEFAULT_RESOLVE, type ResolveSettings } from './resolve/resolve-settings.ts';
export { ResolveStream } from './resolve/resolve-stream.ts';
export { categoryOf } from './sketch/category.ts';
export { CountMin } from './sketch/count-min.ts';
export { FrozenBins } from './sketch/frozen-bins.ts';
export { HyperLogLog } from './sketch/hyper-log-log.ts';
export { Kll } from './sketch/kll.ts';
export { Moments } from './sketch/moments.ts';
export { type HeavyHitter, SpaceSaving } from './sketch/space-saving.ts';
export {
  formatOf,
  TEXT_FORMATS,
  type TextFormat,
  typeOf,
  VALUE_TYPES,
  ValueKinds,
  type ValueType,
} from './sketch/value-kinds.ts';
export { collect, type Vote } from './vote/ballots.ts';
export { DAWID_SKENE, emBatch, HDS, ONE_COIN } from './vote/em.ts';
export { majority, wawa } from './vote/majority.ts';
export { pooledBatch } from './vote/pooled.ts';
export { DEFAULT_SETTINGS, type VoteSettings } from './vote/vote-settings.ts';
export { VoteStream } from './vote/vote-stream.ts';
export { TimerQueue } from './window/timer-queue.ts';
export { Windows } from './window/windows.ts';
