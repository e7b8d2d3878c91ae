import type { SourceIssue } from '../core/errors.ts';
import { hash32 } from '../core/hash.ts';
import { DEFAULT_LIMITS } from '../core/operator.ts';
import { parseCount, parseSize } from '../core/units.ts';
import { fingerprintOf } from './fingerprint.ts';
import { buildGraph, type Graph } from './graph.ts';
import { hiddenFields } from './hidden-fields.ts';
import { type FormatRegistry, optional, parsed, planInputs } from './inputs.ts';
import { Issues, throwIssues } from './issues.ts';
import { lintGraph } from './lint.ts';
import type { Topology } from './load.ts';
import type { Plan, StagePlan } from './plan.ts';
import type { TopologySpec } from './schema.ts';
import type { Env } from './secrets.ts';
import { planSinks } from './sinks.ts';
import { placeSteps, type StageDraft } from './stages.ts';
import { checkTopics } from './topics.ts';
import { type OperatorRegistry, validateTopology } from './validate.ts';
import { divertedSink, planWatch } from './watch.ts';

export interface PlanOptions {
  readonly operators: OperatorRegistry;
  readonly formats: FormatRegistry;
  /** Environment for `${env:…}`; undefined leaves references as they stand. */
  readonly env?: Env;
  /** Every topic has one partition (files): no stage is made only to bring partitions together. */
  readonly onePartition?: boolean;
}

/** DESIGN 4: records in one commit, time between checkpoints, failures before a process gives up. */
const DEFAULT_COMMIT_RECORDS = 20_000;
const DEFAULT_CHECKPOINT_MS = 10_000;
const DEFAULT_RESTARTS = { max: 5, withinMs: 300_000 };

/** The plan of a topology, or one PlanError that names everything wrong with it. The same topology gives the same plan. */
export function planTopology(topology: Topology, options: PlanOptions): Plan {
  const { plan, issues } = analyze(topology, options);
  throwIssues(issues, 'plan');
  return plan!; // without errors there is one
}

/** Every error and every warning, in file order. */
export function lintTopology(topology: Topology, options: PlanOptions): readonly SourceIssue[] {
  return analyze(topology, options).issues;
}

function analyze(
  topology: Topology,
  options: PlanOptions,
): { readonly plan: Plan | undefined; readonly issues: readonly SourceIssue[] } {
  const issues = new Issues((path, at) => topology.locate(path, at));
  const valid = validateTopology(topology, { ...options, issues });
  if (valid === undefined) return { plan: undefined, issues: issues.sorted() };
  const { spec } = valid;
  const inputs = planInputs(spec, { formats: options.formats, issues });
  const graph = buildGraph(valid, issues);
  const context = { spec, inputs, formats: options.formats, issues, quarantineTopic: quarantineTopicOf(spec) };
  const placement = placeSteps(graph, { ...context, name: spec.name, onePartition: options.onePartition ?? false });
  const sinks = planSinks(graph, placement, context);
  const diverted = divertedSink(spec, context);
  const watched = spec.breaker !== undefined || spec.slices !== undefined || hasScore(spec);
  const stages = placement.stages.map((stage) => planStage(stage, { watched, sinks: [...sinks(stage), ...diverted] }));
  const eventsTopic = spec.events === 'none' ? undefined : (spec.events?.topic ?? `${spec.name}.events`);
  checkTopics({ spec, stages, issues, quarantineTopic: context.quarantineTopic, eventsTopic });
  const redact = hiddenFields(spec.redact ?? [], graph);
  checkRedact(spec, redact, issues);
  const watch = planWatch({ spec, inputs, issues, redact });
  if (!issues.failed) lintGraph({ spec, graph, stages, issues });
  if (issues.failed) return { plan: undefined, issues: issues.sorted() };
  const warnings = issues.sorted().map(({ code, message, step }) => ({ code, message, ...optional('step', step) }));
  const plan: Plan = {
    ...settings(spec),
    ...watch,
    name: spec.name,
    ...optional('description', spec.description),
    folder: topology.folder,
    redact,
    fingerprint: planFingerprint(spec, graph, stages),
    stages,
    ...optional('eventsTopic', eventsTopic),
    ...optional('quarantineTopic', context.quarantineTopic),
    warnings,
  };
  return { plan: deepFreeze(plan), issues: issues.sorted() };
}

function hasScore({ events }: TopologySpec): boolean {
  return events !== 'none' && events?.score !== undefined;
}

function quarantineTopicOf(spec: TopologySpec): string | undefined {
  return spec.quarantine === 'none' ? undefined : (spec.quarantine?.topic ?? `${spec.name}.quarantine`);
}

function planStage(
  stage: StageDraft,
  made: { readonly sinks: StagePlan['sinks']; readonly watched: boolean },
): StagePlan {
  return {
    id: stage.id,
    inputs: stage.inputs,
    source: 0,
    edgeCount: stage.edges.length,
    steps: stage.steps,
    sinks: made.sinks,
    hasState: made.watched || stage.steps.some((step) => step.operator.scope(step.config) !== 'none'),
    onePartition: stage.onePartition,
    ...optional('requiresOnePartition', stage.requires.length > 0 ? stage.requires : undefined),
  };
}

function settings(spec: TopologySpec) {
  const { commit, restarts, limits } = spec;
  return {
    commit: {
      ...optional('everyMs', parsed(commit?.every)),
      records: parseCount(commit?.records ?? DEFAULT_COMMIT_RECORDS) ?? DEFAULT_COMMIT_RECORDS,
    },
    checkpointEveryMs: parsed(spec.checkpoint?.every) ?? DEFAULT_CHECKPOINT_MS,
    guarantee: spec.guarantee ?? 'exactly-once',
    onError: spec.onError ?? 'quarantine',
    restarts:
      restarts === undefined
        ? DEFAULT_RESTARTS
        : typeof restarts === 'number'
          ? { ...DEFAULT_RESTARTS, max: restarts }
          : { max: restarts.max, withinMs: parsed(restarts.within) ?? DEFAULT_RESTARTS.withinMs },
    ...optional('idleAfterMs', parsed(spec.idleAfter)),
    seed: spec.seed ?? hash32(spec.name),
    limits: {
      maxHeldBytes: parseSize(limits?.maxHeldBytes ?? DEFAULT_LIMITS.maxHeldBytes) ?? DEFAULT_LIMITS.maxHeldBytes,
      maxStateBytes: parseSize(limits?.maxStateBytes ?? DEFAULT_LIMITS.maxStateBytes) ?? DEFAULT_LIMITS.maxStateBytes,
    },
    redact: spec.redact ?? [],
    quarantineValue: (spec.quarantine !== 'none' && spec.quarantine?.value) || 'keep',
    ...optional('kafka', spec.kafka),
  } as const;
}

/** Fields under `redact:` would stand in the quarantine topic as they came: the author says whether they may. */
function checkRedact(spec: TopologySpec, redact: readonly string[], issues: Issues): void {
  if (redact.length === 0 || spec.quarantine === 'none') return;
  if (spec.quarantine?.value !== undefined) return;
  issues.add({
    path: [spec.redact === undefined ? 'steps' : 'redact'],
    at: 'key',
    code: 'redact-quarantine',
    message: `the fields ${redact.join(', ')} are redacted, masked or hashed, but quarantined records keep their values`,
    remedy: 'add `quarantine: { value: redact }`, or omit, or keep',
  });
}

/**
 * What a run does depends on nothing else: timing of commits, connection and description may change. Configurations
 * are hashed as written, with the names of secrets and not their values.
 */
function planFingerprint(spec: TopologySpec, graph: Graph, stages: readonly StagePlan[]): string {
  const { input, inputs, quarantine, events, onError, redact, breaker, slices, idleAfter, seed, limits, name } = spec;
  const shown = graph.steps.map((step) => [step.id, step.operator?.name, step.shown]);
  const edges = stages.map((stage) => ({
    id: stage.id,
    onePartition: stage.onePartition,
    steps: stage.steps.map((step) => [step.id, step.inputs, step.ports]),
    sinks: stage.sinks.map(({ codec, ...sink }) => ({ ...sink, format: codec?.name })),
  }));
  const shape = { name, input, inputs, quarantine, events, onError, redact, breaker, slices, idleAfter, seed, limits };
  return fingerprintOf({ ...shape, steps: shown, edges });
}

/** Own plain data is frozen; operators, codecs and configurations are others'. */
function deepFreeze<T>(value: T): T {
  if (value === null || typeof value !== 'object' || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const [key, inner] of Object.entries(value)) {
    if (key !== 'operator' && key !== 'codec' && key !== 'config' && key !== 'kafka') deepFreeze(inner);
  }
  return value;
}
