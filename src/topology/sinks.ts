import type { PortFate } from '../core/operator.ts';
import { OWN_HEADER_PREFIX } from '../core/outgoing-headers.ts';
import type { Fate } from '../core/record.ts';
import { canonical } from './fingerprint.ts';
import type { Graph, PortRef } from './graph.ts';
import {
  codecOf,
  defaultOutputFormat,
  type FormatRegistry,
  formatOptions,
  makeCodec,
  optional,
  REGISTRY_FORMATS,
} from './inputs.ts';
import type { Issues, Path } from './issues.ts';
import type { InputPlan, SinkPlan } from './plan.ts';
import { type OutputSpec, portOutputs, type TopologySpec } from './schema.ts';
import type { EdgeDraft, Placement, StageDraft } from './stages.ts';

interface SinkContext {
  readonly spec: TopologySpec;
  readonly inputs: readonly InputPlan[];
  readonly formats: FormatRegistry;
  readonly issues: Issues;
  readonly quarantineTopic: string | undefined;
}

/** One `output:` or one entry of `outputs:`, and the edges it takes. */
interface Target {
  readonly kind: 'output' | 'outputs';
  readonly spec: OutputSpec;
  readonly path: Path;
  readonly edges: Set<EdgeDraft>;
}

type Sink = { -readonly [K in keyof SinkPlan]: SinkPlan[K] } & {
  edges: number[];
  fates: (Fate | undefined)[];
  steps: string[];
};

/** Where every edge of every stage leaves: declared outputs, quarantine, the next stage, or nowhere. */
export function planSinks(
  graph: Graph,
  placement: Placement,
  context: SinkContext,
): (stage: StageDraft) => readonly SinkPlan[] {
  const targets = declaredTargets(graph, placement, context);
  oneSpecATopic(targets, context.issues);
  return (stage) => sinksOf(stage, targets, context);
}

function declaredTargets(graph: Graph, placement: Placement, context: SinkContext): readonly Target[] {
  const { spec, issues } = context;
  const targets: Target[] = [];
  const edgesOf = (refs: readonly (PortRef | undefined)[]) =>
    new Set(refs.flatMap((ref) => (ref === undefined ? [] : (placement.locate(ref)?.edge ?? []))));
  if (spec.output !== undefined && spec.output !== 'none') {
    const { from } = spec.output;
    const last: PortRef = { step: graph.inFileOrder.at(-1), port: 0 };
    const refs =
      from === undefined
        ? [last]
        : (Array.isArray(from) ? from : [from]).map((text, index) =>
            graph.find(text, { path: Array.isArray(from) ? ['output', 'from', index] : ['output', 'from'] }),
          );
    targets.push({ kind: 'output', spec: spec.output, path: ['output'], edges: edgesOf(refs) });
  } else if (spec.output === undefined && spec.outputs === undefined) {
    issues.add({
      path: [],
      code: 'missing-key',
      message: 'nothing leaves this topology: `output` is missing',
      remedy: `add \`output: { topic: ${spec.name}.curated }\`, or \`output: none\``,
    });
  }
  for (const { port, spec: output, path } of portOutputs(spec)) {
    const ref = graph.find(port, { path: ['outputs', port], at: 'key' });
    targets.push({ kind: 'outputs', spec: output, path, edges: edgesOf([ref]) });
  }
  return targets;
}

/** Two ways into one topic must agree on how it is written. */
function oneSpecATopic(targets: readonly Target[], issues: Issues): void {
  const seen = new Map<string, Target>();
  for (const target of targets) {
    const first = seen.get(target.spec.topic);
    if (first === undefined) seen.set(target.spec.topic, target);
    else if (canonical({ ...first.spec, from: null }) !== canonical({ ...target.spec, from: null }))
      issues.add({
        path: target.path,
        code: 'output-conflict',
        message: `the topic ${target.spec.topic} is written with two different sets of options`,
        remedy: 'write the same options at both places, or use two topics',
      });
  }
}

function sinksOf(stage: StageDraft, targets: readonly Target[], context: SinkContext): readonly SinkPlan[] {
  const topics = new Map<string, Sink>();
  const quarantine = emptySink('topic');
  const discard = emptySink('discard');
  for (const edge of stage.edges) {
    const mine = targets.filter((target) => target.edges.has(edge));
    for (const target of mine) {
      const sink = topics.get(target.spec.topic) ?? topicSink(target, context);
      topics.set(target.spec.topic, sink);
      if (!sink.edges.includes(edge.id)) add(sink, edge, target.kind === 'output' ? 'curated' : 'routed');
    }
    if (mine.length > 0 || edge.read) continue;
    if (edge.fate === 'quarantined' && context.quarantineTopic !== undefined) add(quarantine, edge, 'quarantined');
    else add(discard, edge, 'dropped');
  }
  if (quarantine.edges.length > 0 && context.quarantineTopic !== undefined)
    topics.set(`quarantine ${context.quarantineTopic}`, {
      ...quarantine,
      topic: context.quarantineTopic,
      role: 'quarantine',
      findings: 'header',
    });
  return [...topics.values(), ...stage.repartitions, ...(discard.edges.length > 0 ? [discard] : [])];
}

function emptySink(kind: SinkPlan['kind']): Sink {
  return { kind, edges: [], fates: [], steps: [] };
}

function topicSink({ spec, path }: Pick<Target, 'spec' | 'path'>, context: SinkContext): Sink {
  const format = spec.format ?? defaultOutputFormat(context.inputs);
  const options = formatOptions(format, spec, { path, issues: context.issues });
  needsSchema({ spec, path }, format, context);
  const same =
    spec.format === undefined && Object.keys(options).length === 0 ? codecOf(context.inputs, format) : undefined;
  ownHeaders({ spec, path }, context.issues);
  const { topic, findings = 'header', key, partitionBy, certificate, headers = 'keep', ...more } = spec;
  const { from: _from, format: _format, csv: _csv, ...rest } = more;
  return {
    ...emptySink('topic'),
    topic,
    role: 'output',
    codec: same ?? makeCodec(format, options, { ...context, path: [...path, 'format'] }),
    findings,
    ...optional('key', key),
    ...optional('partitionBy', partitionBy),
    ...optional('certificate', certificate),
    ...optional('headers', headers === 'keep' ? undefined : headers === 'none' ? [] : headers),
    ...optional('options', Object.keys(rest).length > 0 ? rest : undefined),
  };
}

/** Headers of ours are written by `findings` and `certificate`; what came under such a name was stripped. */
function ownHeaders({ spec, path }: Pick<Target, 'spec' | 'path'>, issues: Issues): void {
  if (!Array.isArray(spec.headers)) return;
  for (const [index, name] of spec.headers.entries()) {
    if (!name.startsWith(OWN_HEADER_PREFIX)) continue;
    issues.add({
      path: [...path, 'headers', index],
      code: 'own-header',
      message: `\`headers\` lists input headers, and ${name} is one of Sluice's own`,
      remedy: 'remove it: write `findings: header`, or `certificate: full`',
    });
  }
}

/** What did not come with a schema cannot leave with one that nobody names. */
function needsSchema({ spec, path }: Pick<Target, 'spec' | 'path'>, format: string, context: SinkContext): void {
  if (!REGISTRY_FORMATS.has(format) || spec.schema !== undefined) return;
  if (context.inputs.every((input) => input.format === format)) return;
  context.issues.add({
    path: [...path, 'format'],
    code: 'schema-missing',
    message: `\`format: ${format}\` needs the schema of what is written: not every input is \`${format}\``,
    remedy: 'add `schema: { file: … }` to the output',
  });
}

function add(sink: Sink, edge: EdgeDraft, pass: Fate): void {
  sink.edges.push(edge.id);
  sink.fates.push(fateOf(edge.fate, pass));
  sink.steps.push(edge.step);
}

/** A port's declared fate decides; only `pass` depends on where it goes, and a derived record has no fate. */
function fateOf(fate: PortFate, pass: Fate): Fate | undefined {
  if (fate === 'derived') return undefined;
  return fate === 'pass' ? pass : fate;
}
