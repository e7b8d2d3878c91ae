import fc from 'fast-check';
import { DEFAULT_LIMITS } from '../../src/core/operator.ts';
import type { Fate } from '../../src/core/record.ts';
import { jsonCodec } from '../../src/testing/json-codec.ts';
import type { EdgeId, InputPlan, Plan, SinkPlan, StagePlan, StepPlan } from '../../src/topology/plan.ts';
import { TOY_NAMES, toyOperator } from './toy-operators.ts';

export interface ToyStep {
  readonly use: string;
  /** Which of the edges so far it reads, modulo their number. */
  readonly reads: readonly number[];
}

export interface ToyTopology {
  readonly stages: readonly (readonly ToyStep[])[];
  /** Decides where unread edges leave. */
  readonly leave: number;
}

const step = fc.record({
  use: fc.constantFrom(...TOY_NAMES),
  reads: fc.array(fc.nat(20), { minLength: 1, maxLength: 2 }),
});

export function toyTopology(maxStages: number): fc.Arbitrary<ToyTopology> {
  return fc.record({
    stages: fc.array(fc.array(step, { maxLength: 4 }), { minLength: 1, maxLength: maxStages }),
    leave: fc.nat(1000),
  });
}

interface Edge {
  readonly id: EdgeId;
  readonly step: string;
  readonly fate: string;
  read: boolean;
}

/** What the planner would make of it, by hand. Stage k > 0 reads what the last edge of the stage before sends on. */
export function toyPlan(topology: ToyTopology, over: Partial<Plan> = {}): Plan {
  const last = topology.stages.length - 1;
  return {
    name: 'toy',
    folder: '/',
    fingerprint: 'f1',
    stages: topology.stages.map((steps, index) => toyStage(steps, { index, last, leave: topology.leave })),
    commit: { everyMs: 50, records: 10 },
    checkpointEveryMs: 200,
    guarantee: 'exactly-once',
    onError: 'quarantine',
    restarts: { max: 1000, withinMs: 60_000 },
    seed: 1,
    limits: DEFAULT_LIMITS,
    redact: [],
    quarantineValue: 'keep',
    quarantineTopic: 'bad',
    eventsTopic: 'events',
    warnings: [],
    ...over,
  };
}

function toyStage(
  steps: readonly ToyStep[],
  place: { readonly index: number; readonly last: number; readonly leave: number },
): StagePlan {
  const edges: Edge[] = [{ id: 0, step: 'input', fate: 'pass', read: false }];
  const plans = steps.map((toy, i): StepPlan => {
    const operator = toyOperator(toy.use);
    const inputs = [...new Set(toy.reads.map((n) => n % edges.length))].sort((a, b) => a - b);
    for (const id of inputs) edges[id]!.read = true;
    const id = `s${place.index}x${i}`;
    const ports = operator.ports({}).map((spec) => {
      const edge = { id: edges.length, step: id, fate: spec.fate, read: false };
      edges.push(edge);
      return { spec, edge: edge.id };
    });
    return { id, operator, config: {}, inputs, ports, stateHash: 'h', latenessMs: 0 };
  });
  return {
    id: place.index === 0 ? 'source' : `r${place.index - 1}`,
    inputs: [inputOf(place.index)],
    source: 0,
    edgeCount: edges.length,
    steps: plans,
    sinks: sinksOf(edges, place),
    hasState: true,
    onePartition: false,
  };
}

function inputOf(stage: number): InputPlan {
  return {
    topics: [stage === 0 ? 'in' : `toy.r${stage - 1}`],
    format: 'json',
    codec: jsonCodec,
    keyMismatch: 'warn',
    latenessMs: 0,
    start: 'earliest',
    internal: stage > 0,
    maxAheadMs: Number.POSITIVE_INFINITY,
    ...(stage === 0 ? { eventTime: { field: 't', parse: [] } } : {}),
  };
}

type Draft = { -readonly [K in keyof SinkPlan]: SinkPlan[K] } & {
  edges: number[];
  fates: (Fate | undefined)[];
  steps: string[];
};

function sinksOf(edges: readonly Edge[], place: { index: number; last: number; leave: number }): readonly SinkPlan[] {
  const topic = (name: string, role: 'output' | 'quarantine' | 'repartition'): Draft => ({
    kind: 'topic',
    edges: [],
    fates: [],
    steps: [],
    topic: name,
    role,
    codec: jsonCodec,
    findings: 'header',
  });
  const curated = topic(`out${place.index}`, 'output');
  const side = topic(`side${place.index}`, 'output');
  const bad = topic('bad', 'quarantine');
  const on: Draft = { ...topic(`toy.r${place.index}`, 'repartition'), key: ['n'] };
  const discard: Draft = { kind: 'discard', edges: [], fates: [], steps: [] };
  const free = edges.filter((edge) => !edge.read);
  const sent = place.index < place.last ? free.find(({ fate }) => fate !== 'quarantined') : undefined;
  for (const [i, edge] of free.entries()) {
    const choice = (place.leave + i) % 5;
    const add = (sink: Draft, fate: Fate): void => {
      sink.edges.push(edge.id);
      sink.fates.push(edge.fate === 'derived' ? undefined : fate);
      sink.steps.push(edge.step);
    };
    if (edge.fate === 'quarantined') add(bad, 'quarantined');
    else if (edge === sent) add(on, 'forwarded');
    else if (edge.fate === 'duplicate' || edge.fate === 'late') add(choice < 3 ? side : discard, edge.fate);
    else if (choice < 3) add(curated, 'curated');
    else if (choice === 3) add(side, 'routed');
    else add(discard, 'dropped');
  }
  return [curated, side, bad, on, discard].filter((sink) => sink.edges.length > 0);
}
