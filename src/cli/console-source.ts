import type { Clock } from '../core/clock.ts';
import { checksOf, flattenRules, ruleName } from '../kernels/check/compile-rules.ts';
import type { RuleConfig } from '../kernels/check/rule-schema.ts';
import { LiveView } from '../telemetry/live-view.ts';
import type { RuleSpec } from '../telemetry/rule-book.ts';
import type { Graph } from '../telemetry/view.ts';
import { describe, type PlanDescription } from '../topology/describe.ts';
import type { Plan } from '../topology/plan.ts';

/** What a console shows of this plan, before the first record. */
export function liveView(plan: Plan, clock: Clock): LiveView {
  const description = describe(plan);
  return new LiveView({
    clock,
    topology: plan.name,
    description: plan.description ?? null,
    graph: graphOf(description),
    rules: rulesOf(plan),
  });
}

export function graphOf(description: PlanDescription): Graph {
  const nodes = new Map<string, Graph['nodes'][number]>();
  const edges: Graph['edges'][number][] = [];
  const topic = (name: string) => {
    if (!nodes.has(name)) nodes.set(name, { id: name, kind: 'topic', use: null });
    return name;
  };
  for (const stage of description.stages) {
    const inputs = stage.reads.flatMap(({ topics }) => topics.map(topic));
    for (const { id, use, from } of stage.steps) {
      nodes.set(id, { id, kind: 'step', use });
      if (from.includes('input')) for (const input of inputs) edges.push({ from: input, to: id, port: null });
    }
    for (const { id, ports } of stage.steps)
      for (const { name, to } of ports)
        for (const reader of to) {
          const target = reader.startsWith('topic ') ? topic(reader.slice('topic '.length)) : reader;
          if (target !== 'nowhere') edges.push({ from: id, to: target, port: name });
        }
  }
  return { nodes: [...nodes.values()], edges };
}

/** Events somebody is called for, by the steps that can send them. */
export function eventsOf(plan: Plan): (readonly [step: string, type: string])[] {
  const steps = plan.stages.flatMap((stage) => stage.steps);
  return [
    ...steps.flatMap(({ id, operator, config }): (readonly [string, string])[] => [
      ...(operator.name === 'detect-drift'
        ? ['drift.alarm', 'drift.recovered'].map((type) => [id, type] as const)
        : []),
      ...(operator.scope(config) === 'none' ? [] : [[id, 'state.evicted'] as const]),
    ]),
    ...(plan.breaker === undefined
      ? []
      : ['breaker.opened', 'breaker.closed'].map((type) => ['breaker', type] as const)),
  ];
}

export function rulesOf(plan: Plan): RuleSpec[] {
  return plan.stages.flatMap((stage) =>
    stage.steps.flatMap((step) => {
      const { rules } = step.config as { readonly rules?: readonly RuleConfig[] }; // validated by its operator
      if (step.operator.name !== 'check' || rules === undefined) return [];
      return flattenRules(rules).flatMap(({ rule }) =>
        checksOf(rule).map(
          (kind): RuleSpec => ({
            step: step.id,
            rule: ruleName(rule, kind),
            severity: rule.severity ?? 'error',
            field: rule.field ?? null,
            dimension: rule.dimension ?? null,
          }),
        ),
      );
    }),
  );
}
