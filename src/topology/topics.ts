import type { Issues, Path } from './issues.ts';
import type { StagePlan } from './plan.ts';
import { portOutputs, type TopologySpec } from './schema.ts';
import { divertedTopic } from './watch.ts';

interface TopicContext {
  readonly spec: TopologySpec;
  readonly stages: readonly StagePlan[];
  readonly issues: Issues;
  readonly quarantineTopic: string | undefined;
  readonly eventsTopic: string | undefined;
}

/** A topic has one role: what is read is not written, and outputs, quarantine and events are apart. */
export function checkTopics(context: TopicContext): void {
  const { spec, issues } = context;
  const roles = new Map<string, string>();
  const claim = (topic: string | undefined, role: string, path: Path) => {
    if (topic === undefined) return;
    const first = roles.get(topic);
    if (first === undefined) roles.set(topic, role);
    else if (first !== role || role === 'an input')
      issues.add({
        path,
        code: 'topic-role',
        message: `the topic ${topic} is ${first} and ${role} at once`,
        remedy: 'use two topics',
      });
  };
  for (const [index, input] of (spec.inputs ?? [spec.input]).entries()) {
    const path = spec.inputs === undefined ? ['input'] : ['inputs', index];
    claim(input?.topic, 'an input', [...path, 'topic']);
    for (const [n, topic] of (input?.topics ?? []).entries()) claim(topic, 'an input', [...path, 'topics', n]);
  }
  for (const stage of context.stages) {
    claim(`${spec.name}.${stage.id}.state`, 'internal', ['name']);
    for (const input of stage.inputs)
      if (input.internal) for (const topic of input.topics) claim(topic, 'internal', ['name']);
  }
  if (spec.output !== undefined && spec.output !== 'none') claim(spec.output.topic, 'an output', ['output', 'topic']);
  for (const { spec: output, path, isName } of portOutputs(spec))
    claim(output.topic, 'an output', isName ? path : [...path, 'topic']);
  if (spec.breaker !== undefined) claim(divertedTopic(spec), 'the topic of diverted records', ['breaker']);
  claim(context.quarantineTopic, 'the quarantine', ['quarantine', 'topic']);
  claim(context.eventsTopic, 'the events topic', ['events', 'topic']);
}
