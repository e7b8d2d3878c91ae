import { PlanError, type SourceIssue } from '../core/errors.ts';
import { formatIssue } from './issues.ts';
import type { Plan, PlanRequirement } from './plan.ts';

/** What only the broker knows of a topology's topics. */
export interface BrokerFacts {
  /** Records carry a time of their own (Kafka); false: only `eventTime` gives a clock (files). */
  readonly timestamps: boolean;
  /** Partitions of a topic, undefined when it is not known yet. */
  readonly partitions: (topic: string) => number | undefined;
}

/** Throws PlanError when a plan cannot run on these topics as it stands. */
export function checkPlan(plan: Plan, facts: BrokerFacts): void {
  const issues: SourceIssue[] = [];
  const add = (need: PlanRequirement, code: string, found = '') =>
    issues.push({ ...need, code, level: 'error', message: `${need.message}${found}` });
  for (const stage of plan.stages) {
    const counts = stage.inputs.flatMap((input) =>
      input.topics.map((topic) => ({ topic, count: facts.partitions(topic) })),
    );
    const several = counts.find(({ count }) => count !== undefined && count > 1);
    for (const need of stage.requiresOnePartition ?? [])
      if (several !== undefined) add(need, 'needs-repartition', `; ${several.topic} has ${several.count}`);
    for (const { needsClock } of stage.steps)
      if (needsClock !== undefined && !facts.timestamps) add(needsClock, 'no-clock');
  }
  for (const need of plan.needsClock ?? []) if (!facts.timestamps) add(need, 'no-clock');
  const first = issues[0];
  if (first === undefined) return;
  throw new PlanError(issues.map(formatIssue).join('\n'), { code: first.code, position: first.position, issues });
}
