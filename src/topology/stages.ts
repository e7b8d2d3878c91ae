import type { PortFate } from '../core/operator.ts';
import { fingerprintOf, stateHash } from './fingerprint.ts';
import type { Graph, GraphStep, PortRef } from './graph.ts';
import { codecOf, defaultOutputFormat, type FormatRegistry, optional } from './inputs.ts';
import type { Issues } from './issues.ts';
import { type KeyTrace, meet, traceThrough } from './key-trace.ts';
import type { EdgeId, InputPlan, PlanRequirement, SinkPlan, StepPlan } from './plan.ts';
import { clockRequirement, requireChosenScope, requireKeys } from './requirements.ts';
import { SELECT_INPUT, selectInput } from './select-input.ts';

/** A stage while it is being filled. */
export interface StageDraft {
  readonly id: string;
  readonly inputs: readonly InputPlan[];
  readonly onePartition: boolean;
  /** Known to have one partition: no step in it can lack records of another one. */
  readonly single: boolean;
  readonly edges: EdgeDraft[];
  readonly steps: StepPlan[];
  readonly repartitions: SinkPlan[];
  readonly requires: PlanRequirement[];
}

export interface EdgeDraft {
  readonly id: EdgeId;
  /** Step that fills it; `input` for the records of the stage's input. */
  readonly step: string;
  readonly port: string;
  readonly fate: PortFate;
  readonly trace: KeyTrace;
  /** A step, or the next stage, reads it. */
  read: boolean;
}

export interface Place {
  readonly stage: StageDraft;
  readonly edge: EdgeDraft;
}

export interface Placement {
  readonly stages: readonly StageDraft[];
  readonly locate: (ref: PortRef) => Place | undefined;
}

export interface PlacementContext {
  readonly name: string;
  readonly inputs: readonly InputPlan[];
  readonly formats: FormatRegistry;
  readonly issues: Issues;
  /** Every topic has one partition (files). */
  readonly onePartition: boolean;
}

/** Puts every step into a stage: one that needs what its stage cannot see opens the next one. */
export function placeSteps(graph: Graph, context: PlacementContext): Placement {
  return new Placer(graph, context).place();
}

class Placer {
  private readonly graph: Graph;
  private readonly context: PlacementContext;
  private readonly stages: StageDraft[] = [];
  private readonly places = new Map<GraphStep, readonly Place[]>();

  constructor(graph: Graph, context: PlacementContext) {
    this.graph = graph;
    this.context = context;
  }

  place(): Placement {
    const { inputs, onePartition } = this.context;
    const topics = inputs.flatMap((input) => input.topics);
    const trace = topics.length === 1 ? (inputs[0]?.key ?? []) : undefined;
    this.open({ id: 'source', inputs, trace, onePartition: false, single: onePartition && topics.length === 1 });
    for (const step of this.graph.steps) this.placeStep(step);
    return { stages: this.stages, locate: (ref) => this.locate(ref) };
  }

  private open(
    stage: Omit<StageDraft, 'edges' | 'steps' | 'repartitions' | 'requires'> & { trace: KeyTrace },
  ): StageDraft {
    const { trace, ...rest } = stage;
    const source: EdgeDraft = { id: 0, step: 'input', port: 'out', fate: 'pass', trace, read: false };
    const draft: StageDraft = { ...rest, edges: [source], steps: [], repartitions: [], requires: [] };
    this.stages.push(draft);
    return draft;
  }

  private locate(ref: PortRef): Place | undefined {
    if (ref.step !== undefined) return this.places.get(ref.step)?.[ref.port];
    const stage = this.stages[0]!;
    return { stage, edge: ref.port === 0 ? stage.edges[0]! : this.selected(stage)[ref.port - 1]! };
  }

  /** One edge an input, made when the first step asks for one. */
  private selected(stage: StageDraft): readonly EdgeDraft[] {
    const { inputs } = this.context;
    const made = stage.edges.filter((edge) => edge.step === SELECT_INPUT && edge.id > 0);
    if (made.length > 0) return made;
    const operator = selectInput(inputs.map((input) => input.name ?? ''));
    const first = stage.edges.length;
    const ports = operator.ports({});
    const edges = inputs.map((input, index): EdgeDraft => {
      const trace = input.topics.length === 1 ? (input.key ?? []) : undefined;
      const port = ports[index]!.name;
      return { id: first + index, step: SELECT_INPUT, port, fate: 'pass', trace, read: false };
    });
    stage.edges[0]!.read = true;
    stage.edges.push(...edges);
    stage.steps.push({
      id: SELECT_INPUT,
      operator,
      config: {},
      inputs: [0],
      ports: ports.map((spec, index) => ({ spec, edge: first + index })),
      stateHash: '',
      latenessMs: latenessOf(stage),
    });
    return edges;
  }

  private placeStep(step: GraphStep): void {
    const { operator, config } = step;
    const reads = step.reads.flatMap((ref) => this.locate(ref) ?? []);
    const stage = reads[0]?.stage;
    if (operator === undefined || stage === undefined) return;
    const other = reads.find((place) => place.stage !== stage);
    if (other !== undefined) {
      this.context.issues.add({
        path: [...step.path, 'from'],
        code: 'reads-two-stages',
        message: `step \`${step.id}\` reads before and after a repartition (stages ${stage.id} and ${other.stage.id})`,
        remedy: 'let it read steps of one stage, or repartition the other ones as well',
        step: step.id,
      });
      return;
    }
    const edges = reads.map((place) => place.edge);
    for (const edge of edges) edge.read = true;
    if (operator.scope(config) === 'topic' && !stage.single) {
      const next = this.nextStage(step, { stage, edges, key: undefined });
      next.edges[0]!.read = true;
      this.fill(step, next, [next.edges[0]!]);
    } else this.fill(step, stage, edges);
  }

  /** Adds the step to the stage and makes an edge of each port; a repartition opens the next stage. */
  private fill(step: GraphStep, stage: StageDraft, inputs: readonly EdgeDraft[]): void {
    const { operator, config } = step;
    if (operator === undefined) return;
    const before = meet(inputs.map((edge) => edge.trace));
    requireKeys(step, stage, { trace: before, issues: this.context.issues });
    requireChosenScope(step, stage, this.context.issues);
    const edges = step.ports.map((port, index): EdgeDraft => {
      const trace = traceThrough(step, index, before);
      return { id: stage.edges.length + index, step: step.id, port: port.name, fate: port.fate, trace, read: false };
    });
    stage.edges.push(...edges);
    stage.steps.push({
      id: step.id,
      operator,
      config,
      inputs: inputs.map((edge) => edge.id),
      ports: step.ports.map((spec, index) => ({ spec, edge: edges[index]!.id })),
      stateHash: stateHash(step, this.inputIdentity()),
      latenessMs: latenessOf(stage),
      ...optional('needsClock', clockRequirement(step, this.context)),
    });
    const places = edges.map((edge): Place => ({ stage, edge }));
    if (operator.name === 'repartition' && edges[0] !== undefined) {
      edges[0].read = true;
      const next = this.nextStage(step, { stage, edges: [edges[0]], key: keyOf(config) });
      places[0] = { stage: next, edge: next.edges[0]! };
    }
    this.places.set(step, places);
  }

  /** Ends `stage` at these edges and opens the stage that reads the internal topic. */
  private nextStage(
    step: GraphStep,
    end: {
      readonly stage: StageDraft;
      readonly edges: readonly EdgeDraft[];
      readonly key: readonly string[] | undefined;
    },
  ): StageDraft {
    const { stage, edges, key } = end;
    const topic = `${this.context.name}.${step.id}.repartition`;
    const format = defaultOutputFormat(stage.inputs);
    const codec = codecOf(stage.inputs, format) ?? this.context.formats(format, {});
    stage.repartitions.push({
      kind: 'topic',
      edges: edges.map((edge) => edge.id),
      fates: edges.map((edge) => (edge.fate === 'derived' ? undefined : 'forwarded')),
      steps: edges.map((edge) => edge.step),
      topic,
      role: 'repartition',
      codec,
      findings: 'header',
      ...optional('key', key),
      ...optional('options', key === undefined ? undefined : partitionsOf(step.config)),
    });
    const input: InputPlan = {
      topics: [topic],
      format,
      codec,
      ...optional('key', key),
      keyMismatch: 'stop',
      latenessMs: latenessOf(stage),
      start: 'earliest',
      internal: true,
    };
    const onePartition = key === undefined;
    const single = onePartition || this.context.onePartition;
    return this.open({ id: step.id, inputs: [input], onePartition, single, trace: key ?? [] });
  }

  private inputIdentity(): string {
    return fingerprintOf(
      this.context.inputs.map(({ format, csv, explode, eventTime }) => ({ format, csv, explode, eventTime })),
    );
  }
}

function latenessOf(stage: StageDraft): number {
  return Math.max(0, ...stage.inputs.map((input) => input.latenessMs));
}

/** `partitions` of the internal topic, where the author asks for a number. */
function partitionsOf(config: unknown): { readonly partitions: number } | undefined {
  const partitions = (config as { readonly partitions?: unknown } | null)?.partitions; // as below
  return typeof partitions === 'number' ? { partitions } : undefined;
}

function keyOf(config: unknown): readonly string[] {
  const key = (config as { readonly key?: unknown } | null)?.key; // a repartition's `with` is { key: [fields] }
  return Array.isArray(key) ? key.map(String) : typeof key === 'string' ? [key] : [];
}
