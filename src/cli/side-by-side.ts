import { join, resolve } from 'node:path';
import type { TopicSpec } from '../core/broker.ts';
import { ConfigError, PlanError } from '../core/errors.ts';
import { planTopics } from '../topology/index.ts';
import type { Plan } from '../topology/plan.ts';
import { localTopics } from './open-broker.ts';

export interface SideBySideFlags {
  readonly local?: string;
  readonly topic: readonly string[];
  readonly report?: string;
  readonly resetState: readonly string[];
  readonly rebaseline?: readonly string[];
}

/**
 * Throws where topologies cannot run in one process, or a flag cannot be meant for all of them: two of one name (one group, one
 * folder of state); on files two that write one topic, and one that reads what another is still writing.
 */
export function checkSideBySide(plans: readonly Plan[], flags: SideBySideFlags): void {
  if (plans.length < 2) return;
  refuseFlags(flags);
  const names = new Set<string>();
  for (const { name } of plans) {
    if (names.has(name))
      throw new PlanError(`two of the topologies are called ${name}: give one of them another \`name\``, {
        code: 'name-taken',
      });
    names.add(name);
  }
  if (flags.local !== undefined) checkFiles(plans, flags.local, localTopics(flags.topic));
}

function refuseFlags({ report, resetState, rebaseline = [] }: SideBySideFlags): void {
  if (report !== undefined)
    throw new ConfigError('--report writes of one topology: with several, `sluice report DIR --topology NAME` does', {
      code: 'flag-of-one',
    });
  for (const [flag, steps] of Object.entries({ 'reset-state': resetState, rebaseline }))
    if (steps.length > 0)
      throw new ConfigError(
        `--${flag} ${steps[0]}: with several topologies it is not said whose step that is; run that one alone with it once`,
        { code: 'flag-of-one' },
      );
}

function checkFiles(plans: readonly Plan[], local: string, inputs: Readonly<Record<string, readonly string[]>>): void {
  const writers = new Map<string, string>();
  const files = new Map<string, string>();
  for (const { name, written } of plans.map((plan) => ({ name: plan.name, written: writtenBy(plan) })))
    for (const topic of written) {
      const other = writers.get(topic);
      if (other !== undefined)
        throw new PlanError(`${other} and ${name} both write ${topic}: a file has one writer`, {
          code: 'topic-shared',
        });
      writers.set(topic, name);
      for (const extension of ['ndjson', 'csv']) files.set(resolve(local, `${topic}.${extension}`), name);
    }
  for (const { plan, topic } of plans.flatMap((plan) => readBy(plan).map((topic) => ({ plan, topic }))))
    for (const path of inputs[topic] ?? [join(local, `${topic}.ndjson`)]) {
      const writer = files.get(resolve(path));
      if (writer === undefined || writer === plan.name) continue;
      throw new PlanError(
        `${plan.name} reads ${topic}, which ${writer} writes: on files a reader does not see what is committed. Run one after the other, or both on Kafka`,
        { code: 'topic-shared' },
      );
    }
}

function writtenBy(plan: Plan): readonly string[] {
  return topicsOf(plan, ({ role }) => role !== 'input' && role !== 'state');
}

function readBy(plan: Plan): readonly string[] {
  return topicsOf(plan, ({ role }) => role === 'input');
}

function topicsOf(plan: Plan, isMeant: (spec: TopicSpec) => boolean): readonly string[] {
  return planTopics(plan)
    .filter(isMeant)
    .map(({ topic }) => topic);
}
