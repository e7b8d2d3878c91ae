import type { SinkRole, StartAt } from '../core/broker.ts';
import type { Codec } from '../core/codec.ts';
import type { SourcePosition } from '../core/errors.ts';
import type { Operator, OperatorLimits, PortSpec } from '../core/operator.ts';
import type { Fate } from '../core/record.ts';

/** A frozen, printable graph: what the compiler turns into one Rx pipe a stage, and what `describe` shows. */
export interface Plan {
  readonly name: string;
  readonly description?: string;
  /** Folder of the topology file: `readFile` of operators resolves below it. */
  readonly folder: string;
  /** Hash of everything that shapes what a run does. */
  readonly fingerprint: string;
  readonly stages: readonly StagePlan[];
  readonly commit: CommitPlan;
  readonly checkpointEveryMs: number;
  readonly guarantee: 'exactly-once' | 'at-least-once';
  readonly onError: 'quarantine' | 'stop';
  readonly restarts: { readonly max: number; readonly withinMs: number };
  /** Undefined: idle ticks are off. */
  readonly idleAfterMs?: number;
  readonly seed: number;
  readonly limits: OperatorLimits;
  /** Fields whose values must not show anywhere but in the record. */
  readonly redact: readonly string[];
  readonly quarantineValue: 'keep' | 'redact' | 'omit';
  /** Undefined: events are counted but not written (`events: none`). */
  readonly eventsTopic?: string;
  readonly quarantineTopic?: string;
  /** `kafka:` of the file, for the broker alone. */
  readonly kafka?: Readonly<Record<string, unknown>>;
  readonly breaker?: BreakerPlan;
  readonly slices?: SlicesPlan;
  /** Windows whose quality is told by an event; milliseconds of stream time, or records. */
  readonly score?: { readonly unit: 'ms' | 'records'; readonly over: number };
  /** What needs a clock beside steps (checkPlan). */
  readonly needsClock?: readonly PlanRequirement[];
  readonly warnings: readonly PlanWarning[];
}

/** Spans in milliseconds of stream time, or in records. */
export interface BreakerPlan {
  readonly unit: 'ms' | 'records';
  readonly action: 'divert' | 'stop';
  readonly open: { readonly quarantined: number; readonly over: number; readonly minRecords: number };
  readonly close: { readonly quarantined: number; readonly over: number };
  /** Where whole records go while it is open; every stage has a sink without edges for it. */
  readonly topic: string;
}

export interface SlicesPlan {
  readonly over: readonly string[];
  /** `quarantined`, or the name of a rule. */
  readonly against: string;
  readonly conditions: 1 | 2;
}

export interface CommitPlan {
  /** Undefined: the broker's default (Kafka 100 ms, local 2 s). */
  readonly everyMs?: number;
  readonly records: number;
}

export interface PlanWarning {
  readonly code: string;
  readonly message: string;
  readonly step?: string;
}

/** Something only the broker can judge: a count of partitions, a clock. */
export interface PlanRequirement {
  readonly step: string;
  readonly message: string;
  readonly remedy: string;
  readonly position: SourcePosition;
}

/** Index of a slot of the frame: one list of records with its stream times and causes. */
export type EdgeId = number;

export interface StagePlan {
  /** `source`, or the id of the repartition step that feeds it. */
  readonly id: string;
  readonly inputs: readonly InputPlan[];
  /** The edge the decoded input records stand on; always 0. */
  readonly source: EdgeId;
  readonly edgeCount: number;
  /** In an order in which every edge is filled before it is read. */
  readonly steps: readonly StepPlan[];
  readonly sinks: readonly SinkPlan[];
  readonly hasState: boolean;
  /** The planner put this stage on one partition (scope `topic`). */
  readonly onePartition: boolean;
  /** Absent when any number of partitions runs; else why only an input of one topic with one partition does (checkPlan). */
  readonly requiresOnePartition?: readonly PlanRequirement[];
}

export interface InputPlan {
  readonly topics: readonly string[];
  /** Name when the topology has several inputs. */
  readonly name?: string;
  /** `format:` as written; of an internal topic the format its records are written in. */
  readonly format: string;
  readonly codec: Codec;
  /** Declared key fields; records made from files get their key from them. */
  readonly key?: readonly string[];
  readonly keyMismatch: 'stop' | 'warn';
  readonly eventTime?: { readonly field: string; readonly parse: readonly string[] };
  /** Milliseconds; undefined: the broker's default (Kafka 1 d, files off); Infinity: off. */
  readonly maxAheadMs?: number;
  readonly latenessMs: number;
  /** Dotted path of the list in a message, `''` for a top-level list or NDJSON in one message. */
  readonly explode?: string;
  /** The whole message goes to quarantine when this share (0 to 1) of its elements was quarantined. */
  readonly batchVerdict?: { readonly quarantined: number };
  /** `csv:` of the input, for the file reader. */
  readonly csv?: unknown;
  readonly start: StartAt;
  /** Written by a repartition step of this topology. */
  readonly internal: boolean;
}

export interface StepPlan {
  readonly id: string;
  readonly operator: Operator;
  /** Validated, defaults filled in. */
  readonly config: unknown;
  /** Read in this order; merged by (root record that caused it, step order, emission order). */
  readonly inputs: readonly EdgeId[];
  readonly ports: readonly { readonly spec: PortSpec; readonly edge: EdgeId }[];
  /** Hash of the config and of the steps above that shape its keys: names its state. */
  readonly stateHash: string;
  readonly latenessMs: number;
  /** A window or timer in time: without a clock this step cannot run (checkPlan). */
  readonly needsClock?: PlanRequirement;
}

/** Where edges leave the stage. Every edge nobody reads has a `discard` sink. */
export interface SinkPlan {
  readonly kind: 'topic' | 'discard';
  /** In step order. Several edges into one topic are merged like step inputs. */
  readonly edges: readonly EdgeId[];
  /** Fate of the records of each edge, parallel to `edges`; undefined for derived ports, which carry no input record. */
  readonly fates: readonly (Fate | undefined)[];
  /** Step that fills each edge, parallel to `edges`; `input` for the source edge. */
  readonly steps: readonly string[];
  readonly topic?: string;
  readonly role?: SinkRole;
  readonly codec?: Codec;
  readonly findings?: 'header' | 'none' | { readonly field: string };
  /**
   * The fields of the new key, made by the sink (one field as its text, several as a JSON array). Absent: keys stay.
   * Role `repartition`: the step itself is an ordinary one before it, and the sink reads its `out`; absent, everything
   * goes to partition 0 (the next stage has `onePartition`).
   */
  readonly key?: readonly string[];
  /** Fields that choose the partition instead of the key, as a key of them would. */
  readonly partitionBy?: readonly string[];
  /** How much of its history a record carries; absent: its origin, where the broker has headers for it. */
  readonly certificate?: 'origin' | 'full';
  /** Names of input headers that leave with the record; absent: all. */
  readonly headers?: readonly string[];
  /** Further `output:` options (schema, compression, select) for whom they concern. */
  readonly options?: Readonly<Record<string, unknown>>;
}
