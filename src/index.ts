export { LocalBroker, type LocalOptions } from './brokers/local/local-broker.ts';
export { MemoryBroker, type MemoryBrokerOptions } from './brokers/memory/broker.ts';
export { MemoryCluster } from './brokers/memory/cluster.ts';
export type { Broker } from './core/broker.ts';
export { BrokerError, ConfigError, FormatError, OperatorError, PlanError, StateError } from './core/errors.ts';
export type { Evidence, Finding, Severity } from './core/finding.ts';
export type { CommitReport, Counts, RunObserver } from './core/observer.ts';
export type {
  ConfigIssue,
  FieldUse,
  Kernel,
  KernelStats,
  Operator,
  OperatorDeps,
  Out,
  PortSpec,
  Scope,
  Tick,
} from './core/operator.ts';
export { DataRecord } from './core/record.ts';
export type { CheckpointDelta, StatePart } from './core/state.ts';
export { createCodec, makeFramer } from './formats/index.ts';
export { operatorRegistry, operators } from './operators/index.ts';
export { type LocalRunOptions, openLocal, type RunFilesOptions, run } from './run.ts';
export { type RunOptions, type RunSummary, runPlan } from './runtime/run.ts';
export {
  defineTopology,
  describePlan,
  fromRx,
  lintTopology,
  loadTopology,
  planTopology,
  type Topology,
  type TopologySpec,
} from './topology/index.ts';
