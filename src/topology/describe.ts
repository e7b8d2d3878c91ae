import { formatDuration } from '../core/units.ts';
import type { Plan, SinkPlan, StagePlan, StepPlan } from './plan.ts';
import { isSecret } from './secrets.ts';
import type { Node } from './shape-words.ts';
import { sharedRequests } from './shared-requests.ts';

export type DescribeFormat = 'text' | 'json' | 'mermaid';

/** A plan for people and tools. The same plan gives the same text; secrets and connection do not show. */
export function describePlan(plan: Plan, format: DescribeFormat): string {
  const description = describe(plan);
  if (format === 'json') return `${JSON.stringify(description, null, 2)}\n`;
  return format === 'text' ? asText(description, plan) : asMermaid(description);
}

export interface StepDescription {
  readonly id: string;
  readonly use: string;
  readonly scope: string;
  readonly from: readonly string[];
  readonly ports: readonly { readonly name: string; readonly fate: string; readonly to: readonly string[] }[];
  readonly state: string | null;
  readonly with: unknown;
}

export interface StageDescription {
  readonly id: string;
  readonly onePartition: boolean;
  readonly reads: readonly {
    readonly topics: readonly string[];
    readonly name: string | null;
    readonly format: string;
    readonly internal: boolean;
  }[];
  readonly steps: readonly StepDescription[];
  readonly writes: readonly {
    readonly topic: string;
    readonly role: string;
    readonly from: readonly string[];
    readonly format: string | null;
  }[];
  readonly onlyOnePartition: readonly string[];
  /** Work several steps ask for, done once for a record that none of the steps between has changed. */
  readonly doneOnce: readonly { readonly what: string; readonly steps: readonly string[] }[];
}

export interface PlanDescription {
  readonly name: string;
  readonly description: string | null;
  readonly fingerprint: string;
  readonly guarantee: string;
  readonly stages: readonly StageDescription[];
  readonly events: string | null;
  readonly quarantine: string | null;
  readonly warnings: readonly { readonly code: string; readonly message: string; readonly step?: string }[];
}

/** The plan as plain data: what the JSON form holds. */
export function describe(plan: Plan): PlanDescription {
  return {
    name: plan.name,
    description: plan.description ?? null,
    fingerprint: plan.fingerprint,
    guarantee: plan.guarantee,
    stages: plan.stages.map(describeStage),
    events: plan.eventsTopic ?? null,
    quarantine: plan.quarantineTopic ?? null,
    warnings: plan.warnings.map((warning) => ({ ...warning })),
  };
}

function describeStage(stage: StagePlan): StageDescription {
  const names = edgeNames(stage);
  return {
    id: stage.id,
    onePartition: stage.onePartition,
    reads: stage.inputs.map(({ topics, name, format, internal }) => ({
      topics: [...topics],
      name: name ?? null,
      format,
      internal,
    })),
    steps: stage.steps.map((step) => describeStep(step, stage, names)),
    writes: stage.sinks.flatMap((sink) =>
      sink.topic === undefined
        ? []
        : [
            {
              topic: sink.topic,
              role: sink.role ?? 'output',
              from: sink.edges.map((edge) => names[edge]!),
              format: sink.codec?.name ?? null,
            },
          ],
    ),
    onlyOnePartition: (stage.requiresOnePartition ?? []).map((need) => need.message),
    doneOnce: sharedRequests(stage).map(({ what, steps }) => ({ what, steps })),
  };
}

/** `input`, `step.port`. */
function edgeNames(stage: StagePlan): readonly string[] {
  const names = ['input'];
  for (const step of stage.steps) for (const { spec, edge } of step.ports) names[edge] = `${step.id}.${spec.name}`;
  return names;
}

function describeStep(step: StepPlan, stage: StagePlan, names: readonly string[]): StepDescription {
  const scope = step.operator.scope(step.config);
  return {
    id: step.id,
    use: step.operator.name,
    scope,
    from: step.inputs.map((edge) => names[edge]!),
    ports: step.ports.map(({ spec, edge }) => ({ name: spec.name, fate: spec.fate, to: readersOf(edge, stage) })),
    state: scope === 'none' ? null : step.stateHash,
    with: withoutSecrets(step.config, step.operator.config as Node, []), // TypeBox writes JSON Schema
  };
}

function readersOf(edge: number, stage: StagePlan): readonly string[] {
  const steps = stage.steps.filter((step) => step.inputs.includes(edge)).map((step) => step.id);
  const sinks = stage.sinks.filter((sink) => sink.edges.includes(edge)).map(sinkName);
  return [...steps, ...sinks];
}

function sinkName(sink: SinkPlan): string {
  return sink.topic === undefined ? 'nowhere' : `topic ${sink.topic}`;
}

function withoutSecrets(value: unknown, schema: Node, path: readonly (string | number)[]): unknown {
  if (path.length > 0 && isSecret(schema, path)) return '***';
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item, index) => withoutSecrets(item, schema, [...path, index]));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, withoutSecrets(item, schema, [...path, key])]),
  );
}

function asText(description: PlanDescription, plan: Plan): string {
  const lines = [
    `topology ${description.name}`,
    ...(description.description === null ? [] : [`  ${description.description}`]),
  ];
  lines.push(`  ${description.guarantee}, fingerprint ${description.fingerprint}`);
  for (const [index, stage] of description.stages.entries()) {
    const reads = stage.reads.map((input) => `${input.topics.join(', ')} (${input.format})`).join(' and ');
    lines.push('', `stage ${stage.id}${stage.onePartition ? ', on one partition' : ''}: reads ${reads}`);
    const inputs = plan.stages[index]?.inputs ?? [];
    for (const input of inputs) {
      const parts = [
        input.key === undefined ? '' : `key [${input.key.join(', ')}]`,
        input.eventTime === undefined ? '' : `event time ${input.eventTime.field}`,
        input.latenessMs === 0 ? '' : `lateness ${formatDuration(input.latenessMs)}`,
      ].filter((part) => part !== '');
      if (parts.length > 0) lines.push(`  ${parts.join(', ')}`);
    }
    for (const step of stage.steps) lines.push(...stepText(step));
    for (const { what, steps } of stage.doneOnce) lines.push(`  done once for ${steps.join(', ')}: ${what}`);
    for (const need of stage.onlyOnePartition) lines.push(`  note: ${need}`);
  }
  lines.push('', `events: ${description.events ?? 'none'}`, `quarantine: ${description.quarantine ?? 'none'}`);
  lines.push(...watchText(plan));
  for (const warning of description.warnings) lines.push(`warning ${warning.code}: ${warning.message}`);
  return `${lines.join('\n')}\n`;
}

function watchText({ breaker, slices }: Plan): string[] {
  const lines: string[] = [];
  if (breaker !== undefined) {
    const { open, close, unit, action, topic } = breaker;
    const over = (span: number) => (unit === 'ms' ? formatDuration(span) : `${span} records`);
    lines.push(
      `breaker: opens at ${open.quarantined} quarantined over ${over(open.over)} (of ${open.minRecords} records at least), ${action === 'stop' ? 'stops' : `diverts to ${topic}`}, closes at ${close.quarantined} over ${over(close.over)}`,
    );
  }
  if (slices !== undefined) lines.push(`slices: over ${slices.over.join(', ')} against ${slices.against}`);
  return lines;
}

const SCOPES: Readonly<Record<string, string>> = {
  none: 'no state',
  key: 'state by key',
  partition: 'state of its partition alone',
  topic: 'state of the whole topic',
};

function stepText(step: StepDescription): string[] {
  const head = `  ${step.id}: ${step.use}, ${SCOPES[step.scope] ?? step.scope}, reads ${step.from.join(', ')}`;
  return [head, ...step.ports.map((port) => `    ${port.name} (${port.fate}) -> ${port.to.join(', ')}`)];
}

/** A flowchart; ids are numbered so that no name can break the syntax. */
function asMermaid(description: PlanDescription): string {
  const lines = ['flowchart LR'];
  const ids = new Map<string, string>();
  const node = (name: string, open: string, close: string): string => {
    const known = ids.get(name);
    if (known !== undefined) return known;
    const id = `n${ids.size}`;
    ids.set(name, id);
    lines.push(`  ${id}${open}"${name.replace(/^step [^/]*\//, '').replace(/"/g, '#quot;')}"${close}`);
    return id;
  };
  const topic = (name: string) => node(name, '[(', ')]');
  for (const stage of description.stages) {
    const inputs = stage.reads.flatMap((input) => input.topics.map(topic));
    const step = (id: string) => node(`step ${stage.id}/${id}`, '[', ']');
    const arrow = (from: string, to: string) => {
      const dot = from.indexOf('.');
      const label = dot < 0 || from.endsWith('.out') ? '' : `|${from.slice(dot + 1)}|`;
      for (const source of dot < 0 ? inputs : [step(from.slice(0, dot))]) lines.push(`  ${source} -->${label} ${to}`);
    };
    for (const one of stage.steps) for (const from of one.from) arrow(from, step(one.id));
    for (const sink of stage.writes) for (const from of sink.from) arrow(from, topic(sink.topic));
  }
  return `${lines.join('\n')}\n`;
}
