import type { FieldUse } from '../core/operator.ts';
import type { Graph, GraphStep } from './graph.ts';

/**
 * Every name under which a value must not show: `redact:`, what a step masks or hashes, and what those fields were called
 * before steps above renamed them, because a rule may have looked at them there.
 */
export function hiddenFields(redact: readonly string[], graph: Graph): readonly string[] {
  const hidden = new Set(redact);
  for (const [index, step] of graph.steps.entries()) {
    for (const field of useOf(step)?.hides ?? []) {
      hidden.add(field);
      let name = field;
      for (const above of graph.steps.slice(0, index + 1).reverse()) {
        const before = useOf(above)?.renames?.find(([, to]) => to === name)?.[0];
        if (before === undefined) continue;
        hidden.add(before);
        name = before;
      }
    }
  }
  return [...hidden];
}

/** A config that does not fit has been reported, and says nothing here. */
function useOf(step: GraphStep): FieldUse | undefined {
  return step.config === undefined ? undefined : step.operator?.fields?.(step.config);
}
