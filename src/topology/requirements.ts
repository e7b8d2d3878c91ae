import type { GraphStep } from './graph.ts';
import type { Issues } from './issues.ts';
import { type KeyTrace, keeps } from './key-trace.ts';
import type { InputPlan, PlanRequirement } from './plan.ts';
import { openScope } from './scope-choice.ts';
import type { StageDraft } from './stages.ts';

/** State by key is right when the input is partitioned by a subset of the key; else only one partition is. */
export function requireKeys(
  step: GraphStep,
  stage: StageDraft,
  context: { readonly trace: KeyTrace; readonly issues: Issues },
): void {
  const { operator, config, id } = step;
  const { trace, issues } = context;
  if (operator === undefined || operator.scope(config) !== 'key' || stage.onePartition) return;
  const keys = operator.keys?.(config) ?? [];
  if (keeps(trace, keys)) return;
  const list = `[${keys.join(', ')}]`;
  const remedy = `put a repartition before it: \`- { id: by-${slug(keys[0] ?? 'key')}, use: repartition, with: { key: ${list} } }\``;
  const topics = stage.inputs.flatMap((input) => input.topics);
  if (topics.length > 1) {
    issues.add({
      path: [...step.path, 'use'],
      code: 'needs-repartition',
      message: `step \`${id}\` keeps state by ${list}, but its input is ${topics.length} topics, whose equal keys do not meet`,
      remedy,
      step: id,
    });
    return;
  }
  const declared = stage.inputs[0]?.key;
  const why =
    declared === undefined
      ? 'the input declares no key'
      : trace === undefined
        ? `the key [${declared.join(', ')}] of the input is changed on the way`
        : `the key of the input, [${trace.join(', ')}] here, is no subset of it`;
  const message = `step \`${id}\` keeps state by ${list}, but ${why}: only an input of one partition runs`;
  stage.requires.push({ step: id, message, remedy, position: issues.position([...step.path, 'use']) });
}

/** Without a chosen scope only an input of one partition runs. */
export function requireChosenScope(step: GraphStep, stage: StageDraft, issues: Issues): void {
  const open = openScope(step);
  if (open === undefined || stage.onePartition) return;
  stage.requires.push({ step: step.id, ...open, position: issues.position([...step.path, 'use']) });
}

/** A window or timer in time asks for a clock: event times, or a broker whose records carry a time. */
export function clockRequirement(
  step: GraphStep,
  context: { readonly inputs: readonly InputPlan[]; readonly issues: Issues },
): PlanRequirement | undefined {
  const path = step.operator?.needsClock?.(step.config);
  if (path === undefined || context.inputs.every((input) => input.eventTime !== undefined)) return undefined;
  return {
    step: step.id,
    message: `step \`${step.id}\` has a window or timer in time, but a file without \`eventTime\` has no clock`,
    remedy: 'add `eventTime: <field>` to the input, or write `window: { records: N }` or `window: all`',
    position: context.issues.position([...step.path, 'with', ...path]),
  };
}

function slug(field: string): string {
  return (
    field
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'key'
  );
}
