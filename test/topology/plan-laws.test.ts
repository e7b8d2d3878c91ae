import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describePlan, lintTopology, planTopology } from '../../src/topology/index.ts';
import type { Plan, StagePlan } from '../../src/topology/plan.ts';
import { literalFormats, literalOperators } from './literal-operators.ts';

const USES: readonly (readonly [string, unknown])[] = [
  ['tidy', { set: ['x'] }],
  ['tidy', { rename: { id: 'key' } }],
  ['sane', { rules: [{ field: 'x' }] }],
  ['once', { key: ['id'], window: 'all' }],
  ['route', { routes: { a: 'p', b: 'q' } }],
  ['ballot', {}],
  ['repair', { scope: 'topic' }],
  ['repartition', { key: ['id'] }],
];

interface StepDraw {
  readonly use: number;
  /** Steps back to read from (0: the step above by default), and whether a further port is taken. */
  readonly back: number;
  readonly port: number;
}

const draw: fc.Arbitrary<StepDraw> = fc.record({
  use: fc.nat(USES.length - 1),
  back: fc.nat(3),
  port: fc.nat(3),
});

function topologyOf(draws: readonly StepDraw[]) {
  const steps = draws.map(({ use: which, back, port }, index) => {
    const [use, config] = USES[which]!;
    const above = index - back;
    const step = { id: `s${index}`, use, with: config };
    if (back === 0 || index === 0) return step;
    if (above < 0) return { ...step, from: 'input' };
    const [aboveUse, aboveConfig] = USES[draws[above]!.use]!;
    const ports = literalOperators.get(aboveUse)!.ports(aboveConfig);
    return { ...step, from: `s${above}.${ports[port % ports.length]!.name}` };
  });
  const raw = { name: 'random', input: { topic: 'raw', key: ['id'] }, steps, output: { topic: 'out' } };
  return { raw, file: 't', folder: '/', locate: () => ({ file: 't', line: 1, column: 1 }) };
}

const options = { operators: literalOperators, formats: literalFormats };

function edgesRead(stage: StagePlan): readonly number[] {
  return [...stage.steps.flatMap((step) => step.inputs), ...stage.sinks.flatMap((sink) => sink.edges)];
}

/** What must hold of every plan; one line a violation. */
function violations(plan: Plan): string[] {
  const found: string[] = [];
  for (const stage of plan.stages) {
    const read = new Set(edgesRead(stage));
    for (let edge = 0; edge < stage.edgeCount; edge++)
      if (!read.has(edge)) found.push(`${stage.id}: edge ${edge} is lost`);
    for (const edge of read) if (edge >= stage.edgeCount) found.push(`${stage.id}: edge ${edge} does not exist`);
    const filled = new Set([0]);
    for (const step of stage.steps) {
      if (!step.inputs.every((edge) => filled.has(edge))) found.push(`${step.id} reads what is not filled yet`);
      for (const { edge } of step.ports) filled.add(edge);
    }
    for (const sink of stage.sinks) {
      if (sink.edges.length !== sink.fates.length || sink.edges.length !== sink.steps.length)
        found.push('not parallel');
      const others = stage.sinks.filter((one) => one !== sink).flatMap((one) => one.edges);
      if (sink.kind === 'discard' && sink.edges.some((edge) => others.includes(edge)))
        found.push('discarded and written');
    }
    for (const input of stage.inputs) {
      const feeders = plan.stages.filter((one) =>
        one.sinks.some((sink) => sink.topic === input.topics[0] && sink.role === 'repartition'),
      );
      if (feeders.length !== (input.internal ? 1 : 0)) found.push(`${stage.id}: ${feeders.length} feeders`);
    }
  }
  return found;
}

describe('plans of random topologies', () => {
  it('lose no edge, read only what is filled, and are the same each time', () => {
    let planned = 0;
    fc.assert(
      fc.property(fc.array(draw, { maxLength: 12 }), fc.boolean(), (draws, onePartition) => {
        const topology = topologyOf(draws);
        const errors = lintTopology(topology, { ...options, onePartition }).filter((issue) => issue.level === 'error');
        if (errors.length > 0) return;
        planned++;
        const plan = planTopology(topology, { ...options, onePartition });
        expect(violations(plan)).toEqual([]);
        expect(plan.stages.flatMap((stage) => stage.steps).length).toBe(draws.length);
        for (const format of ['text', 'json', 'mermaid'] as const)
          expect(describePlan(planTopology(topology, { ...options, onePartition }), format)).toBe(
            describePlan(plan, format),
          );
      }),
      { seed: 11, numRuns: 500 },
    );
    expect(planned).toBeGreaterThan(300);
  });

  it('a lost edge is noticed by these laws', () => {
    const plan = planTopology(topologyOf([{ use: 2, back: 0, port: 0 }]), options);
    const broken = { ...plan, stages: plan.stages.map((stage) => ({ ...stage, sinks: stage.sinks.slice(1) })) };
    expect(violations(broken)).not.toEqual([]);
  });
});
