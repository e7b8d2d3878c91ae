import type { TSchema } from '@sinclair/typebox';
import type { FieldSlot } from './field.ts';
import type { Evidence, Finding } from './finding.ts';
import type { Inspection } from './inspection.ts';
import type { DataRecord } from './record.ts';
import type { SharedWork, WorkRequest } from './shared-work.ts';
import type { CheckpointDelta, StatePart } from './state.ts';

export type PortFate = 'pass' | 'quarantined' | 'duplicate' | 'late' | 'dropped' | 'derived';

export interface PortSpec {
  readonly name: string;
  readonly fate: PortFate;
}

/** What an operator's state must see: nothing, all records of a key, its partition, or the whole topic. */
export type Scope = 'none' | 'key' | 'partition' | 'topic';

/**
 * An operator: data first, one per file in operators/. `name` is the file name, the `use:` value and the docs heading.
 * The first port is the one the next step reads (`out`).
 */
export interface Operator<Config = unknown> {
  readonly name: string;
  readonly summary: string;
  /** TypeBox schema of `with:`. Descriptions, defaults and examples in it are the reference page. */
  readonly config: TSchema;
  /** A complete `with:` that works, for docs and the contract suite. */
  readonly example: unknown;
  ports(config: Config): readonly PortSpec[];
  scope(config: Config): Scope;
  /** No text of a record is kept beyond `process`, although the scope is not `none`: texts may be slices of a larger one. */
  forgets?(config: Config): boolean;
  /** For scope `key`: the fields the input must be partitioned by. */
  keys?(config: Config): readonly string[];
  /** Fields read and written, as the user wrote them; for slots, describe and lint. `renames`: [from, to]. */
  fields?(config: Config): FieldUse;
  /** Pure work on records as they come that other steps may ask for too: it is done once for all (`deps.shared`). */
  work?(config: Config): readonly WorkRequest[];
  /** What the schema cannot say. Path is relative to `with`. */
  validate?(config: Config): readonly ConfigIssue[];
  /** Names of rules whose findings it makes, as far as the config says; for lint. */
  rules?(config: Config): readonly string[];
  /** Names of the commands its kernel takes, as ticks. */
  readonly commands?: readonly string[];
  /** Path (relative to `with`) of a window or timer in time: without a clock (a file without `eventTime`) it is a plan error. */
  needsClock?(config: Config): readonly (string | number)[] | undefined;
  create(config: Config, deps: OperatorDeps): Kernel | Promise<Kernel>;
}

export interface FieldUse {
  readonly reads: readonly string[];
  readonly writes?: readonly string[];
  readonly renames?: readonly (readonly [string, string])[];
  /** Fields whose values this step hides (mask, hash): they must not show in findings of any step either. */
  readonly hides?: readonly string[];
}

export interface ConfigIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly level: 'error' | 'warn';
  /** Short code for lint output, e.g. `dedup-before-check`. */
  readonly code: string;
}

/**
 * A state machine over its task's records: no wall clock, no unseeded randomness, no dependence on where a batch was
 * cut. A throw at record i leaves the state as after i - 1 (validate, then mutate).
 */
export interface Kernel {
  /** `time[i]` is the stream time at record i in milliseconds, NaN when the input has no clock. Every record must be emitted or absorbed. */
  process(records: readonly DataRecord[], time: Float64Array, out: Out): void;
  onTick?(tick: Tick, out: Out): void;
  /** What changed since the last call; buffers it returns are no longer touched. */
  checkpoint?(): CheckpointDelta;
  /** Bytes the next checkpoint writes because of the records since the last one; a task takes it early, to keep it small. Absent: the next one is as large as ever. */
  readonly pendingBytes?: number;
  /** One part a call, on a fresh instance, before the first record. */
  restore?(part: StatePart): void;
  stats?(): KernelStats;
  /** Asked with a commit while somebody watches. */
  inspect?(): Inspection;
}

export interface KernelStats {
  readonly entries: number;
  readonly bytes: number;
  /** Further gauges, names from the telemetry catalogue: `sluice_<name>` with labels. */
  readonly gauges?: readonly {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

export type Tick =
  | { readonly kind: 'end'; readonly time: number }
  | { readonly kind: 'idle'; readonly time: number }
  | { readonly kind: 'table'; readonly name: string; readonly version: string; readonly time: number }
  | {
      readonly kind: 'command';
      /** Names it for good; a task does a command of this id once. */
      readonly id: string;
      /** The step it is for; others do not see it. */
      readonly step: string;
      readonly name: string;
      readonly args: Readonly<Record<string, unknown>>;
      readonly time: number;
    };

/** Where a kernel's results go. Set `at = i` before touching record i: what follows is caused by it, and a throw names it. */
export interface Out {
  at: number;
  /** `port` is an index into ports(config). Seals the record. */
  emit(port: number, record: DataRecord): void;
  /** Counts the finding and attaches it to the draft (the step name is filled in). Without a draft: counts only (shadow rules). */
  finding(draft: DataRecord | undefined, finding: Omit<Finding, 'step'>): void;
  /** Attaches and counts by method. Without a draft: counts only. */
  evidence(draft: DataRecord | undefined, evidence: Omit<Evidence, 'step'>): void;
  /** Counts `n` changes by method without attaching anything: one call a batch instead of one a change. */
  countEvidence?(method: string, n: number): void;
  /** A quality event; type from the telemetry catalogue, e.g. `drift.alarm`. A function of the data only. */
  event(type: string, data: Readonly<Record<string, unknown>>): void;
  /** The record at `at` stays inside the step: `merged` for good, `held` until release(). */
  absorb(how: 'merged' | 'held'): void;
  /** A held record leaves: call it just before emit() (or with `merged`, when it will never leave). */
  release(record: DataRecord, as?: 'merged'): void;
}

/** Turns held records into state and back; identity of roots is kept. */
export interface RecordStore {
  /** A copy that pins no fetch buffer. */
  own(record: DataRecord): DataRecord;
  encode(record: DataRecord): Uint8Array;
  decode(bytes: Uint8Array): DataRecord;
}

export interface OperatorDeps {
  readonly topology: string;
  readonly step: string;
  /** Compiled slot of a field; the same text gives the same slot. */
  field(text: string): FieldSlot;
  /** 32-bit seed from the topology's `seed`, its name and the step id: the same on every run. */
  readonly seed: number;
  /** Unpredictable words for hash seeds; must be kept in the state. */
  randomSeed(): Uint32Array;
  readonly records: RecordStore;
  /** Bytes of a file named in the config, resolved below the topology's folder, bounded in size. Only in create(). */
  readFile(path: string): Promise<Uint8Array>;
  /** True for fields under `redact:`: their values must not show anywhere but in the record. */
  redacted(field: string): boolean;
  readonly limits: OperatorLimits;
  /** Work that several steps of the stage ask for; absent: none. */
  readonly shared?: SharedWork;
  /** Somebody looks on: keep what inspect() shows. */
  readonly watched?: boolean;
  /** `lateness` of the input, milliseconds; absent = 0. */
  readonly latenessMs?: number;
}

export interface OperatorLimits {
  readonly maxHeldBytes: number;
  readonly maxStateBytes: number;
}

export const DEFAULT_LIMITS: OperatorLimits = {
  maxHeldBytes: 256 * 1024 * 1024,
  maxStateBytes: 2 * 1024 * 1024 * 1024,
};
