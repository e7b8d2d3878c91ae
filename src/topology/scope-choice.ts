import type { GraphStep } from './graph.ts';

/** What each choice of scope loses, for operators none is right for once the input has several partitions. */
const LOSES: Readonly<Record<string, readonly [partition: string, topic: string]>> = {
  'dedup-near': ['misses near-duplicates in other partitions', 'is bound by one process'],
  repair: ['learns from its own partition only', 'is bound by one process'],
};

const REMEDY = 'add `scope: partition` or `scope: topic`';

/** What a step without a chosen scope leaves open; undefined when nothing. Dependencies reach beyond the series of a key. */
export function openScope(step: GraphStep): { readonly message: string; readonly remedy: string } | undefined {
  const loses = step.operator === undefined ? undefined : LOSES[step.operator.name];
  const config = step.shown;
  if (loses === undefined || config === null || typeof config !== 'object' || Object.hasOwn(config, 'scope'))
    return undefined;
  if (Object.hasOwn(config, 'key') && !Object.hasOwn(config, 'dependencies')) return undefined;
  const message = `step \`${step.id}\` does not say what it sees of an input with several partitions: \`partition\` ${loses[0]}, \`topic\` ${loses[1]}`;
  return { message, remedy: REMEDY };
}
