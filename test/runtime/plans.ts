import { Type } from '@sinclair/typebox';
import { DEFAULT_LIMITS, type Kernel, type OperatorDeps, type PortSpec } from '../../src/core/operator.ts';
import type { Fate } from '../../src/core/record.ts';
import { jsonCodec } from '../../src/testing/json-codec.ts';
import type { InputPlan, Plan, StepPlan } from '../../src/topology/plan.ts';

export interface LineStep {
  readonly ports?: readonly PortSpec[];
  create(deps: OperatorDeps): Kernel;
}

/** A plan of steps in a line: each reads the first port of the one before; other ports leave by their fate. */
export function linePlan(
  steps: readonly LineStep[],
  over: { readonly input?: Partial<InputPlan>; readonly plan?: Partial<Plan>; readonly hash?: string } = {},
): Plan {
  const edges: { id: number; step: string; fate: string; main: boolean }[] = [
    { id: 0, step: 'input', fate: 'pass', main: true },
  ];
  const plans = steps.map((step, index): StepPlan => {
    const id = `s${index}`;
    const specs = step.ports ?? [{ name: 'out', fate: 'pass' }];
    const read = edges.findLast((edge) => edge.main)!;
    read.main = false;
    const ports = specs.map((spec, port) => {
      const edge = { id: edges.length, step: id, fate: spec.fate, main: port === 0 };
      edges.push(edge);
      return { spec, edge: edge.id };
    });
    const operator = {
      name: id,
      summary: '',
      config: Type.Object({}),
      example: {},
      ports: () => specs,
      scope: () => 'partition' as const,
      create: (_config: unknown, deps: OperatorDeps) => step.create(deps),
    };
    return { id, operator, config: {}, inputs: [read.id], ports, stateHash: over.hash ?? 'h', latenessMs: 0 };
  });
  const read = new Set(plans.flatMap((plan) => plan.inputs));
  const free = edges.filter((edge) => !read.has(edge.id));
  const sink = (topic: string, role: 'output' | 'quarantine', wanted: (fate: string) => boolean) => {
    const mine = free.filter((edge) => wanted(edge.fate));
    const fateOf = (fate: string): Fate =>
      fate === 'pass'
        ? 'curated'
        : fate === 'quarantined' || fate === 'duplicate' || fate === 'late'
          ? fate
          : 'dropped';
    return {
      kind: 'topic' as const,
      edges: mine.map(({ id }) => id),
      fates: mine.map(({ fate }) => (fate === 'derived' ? undefined : fateOf(fate))),
      steps: mine.map(({ step }) => step),
      topic,
      role,
      codec: jsonCodec,
      findings: 'header' as const,
    };
  };
  const sinks = [
    sink('out', 'output', (fate) => fate !== 'quarantined'),
    sink('bad', 'quarantine', (fate) => fate === 'quarantined'),
  ];
  return {
    name: 'line',
    folder: '/',
    fingerprint: 'f1',
    stages: [
      {
        id: 'source',
        inputs: [
          {
            topics: ['in'],
            format: 'json',
            codec: jsonCodec,
            keyMismatch: 'warn',
            latenessMs: 0,
            start: 'earliest',
            internal: false,
            ...over.input,
          },
        ],
        source: 0,
        edgeCount: edges.length,
        steps: plans,
        sinks: sinks.filter((one) => one.edges.length > 0),
        hasState: true,
        onePartition: false,
      },
    ],
    commit: { everyMs: 50, records: 10 },
    checkpointEveryMs: 200,
    guarantee: 'exactly-once',
    onError: 'quarantine',
    restarts: { max: 3, withinMs: 60_000 },
    seed: 1,
    limits: DEFAULT_LIMITS,
    redact: [],
    quarantineValue: 'keep',
    quarantineTopic: 'bad',
    eventsTopic: 'events',
    warnings: [],
    ...over.plan,
  };
}

/** Passes records on, after saying something about each. */
export function each(
  body: (
    out: Parameters<Kernel['process']>[2],
    record: Parameters<Kernel['process']>[0][number],
    time: number,
  ) => boolean | undefined,
): LineStep {
  return {
    create: () => ({
      process(records, time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          if (body(out, records[i]!, time[i]!) !== false) out.emit(0, records[i]!);
        }
      },
    }),
  };
}
