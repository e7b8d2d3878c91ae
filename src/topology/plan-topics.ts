import type { TopicSpec } from '../core/broker.ts';
import type { Plan, StagePlan } from './plan.ts';

/** Every topic a plan touches, each once: what `topics --check` and `--create` go through. State topics are last. */
export function planTopics(plan: Plan): readonly TopicSpec[] {
  const specs = new Map<string, TopicSpec>();
  const add = (spec: TopicSpec) => {
    if (!specs.has(spec.topic)) specs.set(spec.topic, spec);
  };
  for (const stage of plan.stages)
    for (const input of stage.inputs)
      if (!input.internal) for (const topic of input.topics) add({ topic, role: 'input' });
  for (const stage of plan.stages) {
    const like = topicsOf(stage);
    for (const { topic, role, key, options } of stage.sinks) {
      if (topic === undefined || role === undefined) continue;
      const asked = options?.partitions;
      if (role === 'repartition' && key === undefined) add({ topic, role, partitions: 1 });
      else if (typeof asked === 'number') add({ topic, role, partitions: asked });
      else add({ topic, role, like });
    }
  }
  const first = plan.stages[0];
  const like = first === undefined ? [] : topicsOf(first);
  if (plan.quarantineTopic !== undefined) add({ topic: plan.quarantineTopic, role: 'quarantine', like });
  if (plan.eventsTopic !== undefined) add({ topic: plan.eventsTopic, role: 'events', like });
  for (const stage of plan.stages)
    add({ topic: `${plan.name}.${stage.id}.state`, role: 'state', like: topicsOf(stage) });
  return [...specs.values()];
}

function topicsOf(stage: StagePlan): readonly string[] {
  return stage.inputs.flatMap((input) => input.topics);
}
