import { Value } from '@sinclair/typebox/value';
import type { Operator } from '../core/operator.ts';
import { type Complaint, didYouMean, type Issues, type Path, pathText, show } from './issues.ts';
import type { Topology } from './load.ts';
import { CONNECTION_KEYS, type StepSpec, TopologySchema, type TopologySpec } from './schema.ts';
import { type Env, isSecret, refuseReferences, resolveReferences } from './secrets.ts';
import { checkShape } from './shape.ts';
import type { Node } from './shape-words.ts';

export type OperatorRegistry = ReadonlyMap<string, Operator>;

export interface ValidStep {
  readonly spec: StepSpec;
  readonly path: Path;
  /** Undefined when `use` names none. */
  readonly operator: Operator | undefined;
  /** Defaults filled in, secrets resolved; undefined when it does not fit the operator's schema. */
  readonly config: unknown;
  /** As written, defaults filled in: for hashes and for showing. */
  readonly shown: unknown;
}

export interface ValidTopology {
  readonly spec: TopologySpec;
  readonly steps: readonly ValidStep[];
}

/**
 * Checks a document against the schema of the file and each step against its operator. Everything wrong is in
 * `issues`; the result is undefined when the file is not even a topology in outline.
 */
export function validateTopology(
  topology: Topology,
  context: { readonly operators: OperatorRegistry; readonly env?: Env | undefined; readonly issues: Issues },
): ValidTopology | undefined {
  const { operators, env, issues } = context;
  const { raw, folder } = topology;
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw)) {
    issues.add({
      path: [],
      code: 'wrong-value',
      message: `expected a topology (a map with name, input, steps, output), found ${raw === null ? 'an empty file' : show(raw)}`,
      remedy: 'begin with `name: my-topology`',
    });
    return undefined;
  }
  const complaints = checkShape(TopologySchema, raw, []);
  for (const complaint of complaints) issues.add(complaint);
  const source = { env, folder };
  const connection = (path: Path) => CONNECTION_KEYS.includes(String(path[0]));
  const spec = resolveReferences(raw as TopologySpec, [], { issues, source, allowed: connection }); // checked above
  const secretSteps = new Map<number, Node>();
  const steps = listOf(spec.steps).flatMap((step, index) => {
    const valid = validateStep(step, ['steps', index], { operators, issues, source });
    if (valid?.operator !== undefined) secretSteps.set(index, valid.operator.config as Node); // TypeBox writes JSON Schema
    return valid === undefined ? [] : [valid];
  });
  refuseReferences(raw, [], {
    issues,
    allowed: (path) => connection(path) || inSecretField(path, secretSteps),
  });
  if (complaints.length > 0 && outlineBroken(spec)) return undefined;
  const sound = withoutBroken(spec, complaints);
  return { spec: sound, steps: steps.map((step, index) => ({ ...step, spec: sound.steps[index] ?? step.spec })) };
}

/** What was reported once is replaced by something harmless, so that the checks that follow say nothing about it. */
function withoutBroken(spec: TopologySpec, complaints: readonly Complaint[]): TopologySpec {
  const sound: Record<string, unknown> = { ...spec };
  for (const { path, code } of complaints) {
    const [top, inner, key] = path;
    if (top === undefined || code === 'unknown-key' || top === 'name') continue;
    if (top === 'input') sound.input = withoutKey(sound.input, inner);
    else if (top === 'inputs') {
      const list = sound.inputs as readonly unknown[]; // the outline holds
      sound.inputs = list.map((input, index) => (index === inner ? withoutKey(input, key) : input));
    } else if (top === 'output') sound.output = 'none';
    else if (top === 'outputs' && inner !== undefined) {
      const entries = Object.entries(sound.outputs as object); // the outline holds
      sound.outputs = Object.fromEntries(entries.filter(([name]) => name !== inner));
    } else if (top === 'steps') {
      const list = sound.steps as readonly StepSpec[]; // as above
      if (key === 'from')
        sound.steps = list.map((step, index) => (index === inner ? { ...step, from: undefined } : step));
    } else sound[top] = undefined;
  }
  return sound as TopologySpec; // what does not fit is gone
}

/** An input without the key that is wrong; a topic is always there, so that its lack is not reported as well. */
function withoutKey(input: unknown, key: string | number | undefined): unknown {
  if (key === undefined) return input;
  const rest = Object.fromEntries(Object.entries(input as object).filter(([name]) => name !== key)); // the outline holds
  return key === 'topic' || key === 'topics' ? { ...rest, topic: 'unknown' } : rest;
}

/** A wrong leaf does not stop the checks that follow; a missing trunk does. */
function outlineBroken(spec: TopologySpec): boolean {
  const isMap = (value: unknown) => value !== null && typeof value === 'object' && !Array.isArray(value);
  if (typeof spec.name !== 'string' || !Array.isArray(spec.steps)) return true;
  if (!spec.steps.every((step) => isMap(step) && typeof step.id === 'string' && typeof step.use === 'string'))
    return true;
  if (spec.outputs !== undefined && !isMap(spec.outputs)) return true;
  if (spec.output !== undefined && typeof spec.output !== 'string' && !isMap(spec.output)) return true;
  if (spec.inputs !== undefined && !(Array.isArray(spec.inputs) && spec.inputs.every(isMap))) return true;
  return spec.input !== undefined && !isMap(spec.input);
}

function inSecretField(path: Path, schemas: ReadonlyMap<number, Node>): boolean {
  const schema = path[0] === 'steps' && path[2] === 'with' ? schemas.get(Number(path[1])) : undefined;
  return schema !== undefined && isSecret(schema, path.slice(3));
}

interface StepContext {
  readonly operators: OperatorRegistry;
  readonly issues: Issues;
  readonly source: { readonly env: Env | undefined; readonly folder: string };
}

function validateStep(step: StepSpec, path: Path, context: StepContext): ValidStep | undefined {
  const { operators, issues, source } = context;
  if (step === null || typeof step !== 'object' || typeof step.use !== 'string') return undefined;
  const operator = operators.get(step.use);
  if (operator === undefined) {
    const known = [...operators.keys()].sort();
    issues.add({
      path: [...path, 'use'],
      code: 'unknown-operator',
      message: `unknown operator \`${step.use.slice(0, 60)}\`; known: ${known.join(', ')}`,
      remedy: didYouMean(step.use, known) ?? 'use one of these',
      step: String(step.id),
    });
    return { spec: step, path, operator: undefined, config: undefined, shown: step.with };
  }
  const at = [...path, 'with'];
  const schema = operator.config as Node; // TypeBox writes JSON Schema
  const written = step.with ?? {};
  const resolved = resolveReferences(written, at, {
    issues,
    source,
    allowed: (p) => isSecret(schema, p.slice(at.length)),
  });
  const withDefaults = (value: unknown) => Value.Default(operator.config, structuredClone(value));
  const shown = withDefaults(written);
  const config = withDefaults(resolved);
  const complaints = checkShape(operator.config, config, at);
  for (const complaint of complaints) issues.add({ ...complaint, step: String(step.id) });
  if (complaints.length > 0) return { spec: step, path, operator, config: undefined, shown };
  return {
    spec: step,
    path,
    operator,
    config: judged(operator, config, { step, at, issues }) ? config : undefined,
    shown,
  };
}

/** What the schema cannot say; false when it found an error. */
function judged(
  operator: Operator,
  config: unknown,
  where: { readonly step: StepSpec; readonly at: Path; readonly issues: Issues },
): boolean {
  const { step, at, issues } = where;
  let fine = true;
  for (const issue of operator.validate?.(config) ?? []) {
    if (issue.level === 'error') fine = false;
    const path = [...at, ...issue.path];
    const [message = '', remedy] = splitRemedy(issue.message);
    issues.add({
      path,
      level: issue.level,
      code: issue.code,
      message: `${pathText(path)}: ${message}`,
      remedy: remedy ?? `see \`sluice operators ${operator.name}\``,
      step: step.id,
    });
  }
  return fine;
}

/** Operators write `problem; remedy`. */
function splitRemedy(text: string): readonly [string, string?] {
  const cut = text.lastIndexOf('; ');
  return cut < 0 ? [text] : [text.slice(0, cut), text.slice(cut + 2)];
}

function listOf<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? value : [];
}
