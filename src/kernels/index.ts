/** Kernels for use on their own: algorithms without a broker, a clock or a topology. */
export { canonicalJson, canonicalJsonWithout } from './canonical-json/canonical-json.ts';
export { DedupState } from './dedup/dedup-state.ts';
export { KeyHasher } from './hash/key-hasher.ts';
export { canonicalQuery, QueryGate, QueryKeys, queryGate, SqlParser } from './query/index.ts';
export { DEFAULT_RESOLVE, ResolveStream } from './resolve/resolve-stream.ts';
export { collect, type Vote } from './vote/ballots.ts';
export { DAWID_SKENE, emBatch, HDS, ONE_COIN } from './vote/em.ts';
export { majority, wawa } from './vote/majority.ts';
export { DEFAULT_SETTINGS, type VoteSettings } from './vote/vote-settings.ts';
export { VoteStream } from './vote/vote-stream.ts';
export { TimerQueue } from './window/timer-queue.ts';
export { Windows } from './window/windows.ts';
