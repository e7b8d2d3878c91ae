import type { Operator, PortSpec } from '../core/operator.ts';
import { didYouMean, type Issues, type Path } from './issues.ts';
import type { ValidStep, ValidTopology } from './validate.ts';

/** One port of one step; or, `step` undefined, all inputs (port 0) or the n-th of several (port n). */
export interface PortRef {
  readonly step: GraphStep | undefined;
  readonly port: number;
}

export interface GraphStep {
  readonly id: string;
  readonly index: number;
  readonly path: Path;
  /** Undefined: unknown operator, or a `with` that does not fit; its ports are then unknown. */
  readonly operator: Operator | undefined;
  readonly config: unknown;
  readonly shown: unknown;
  readonly ports: readonly PortSpec[];
  readonly reads: readonly PortRef[];
}

export interface Graph {
  /** In an order in which every step comes after those it reads; file order otherwise. */
  readonly steps: readonly GraphStep[];
  readonly find: (text: string, where: RefPlace) => PortRef | undefined;
  readonly inFileOrder: readonly GraphStep[];
}

interface RefPlace {
  readonly path: Path;
  readonly at?: 'key' | 'value';
}

/** Steps with their edges. Wrong references, repeated ids and cycles are reported. */
export function buildGraph(topology: ValidTopology, issues: Issues): Graph {
  const steps = topology.steps.map(makeStep);
  const byId = new Map<string, MutableStep>();
  // a file with faults may lack what its type promises: that has been reported
  const inputs = (topology.spec.inputs ?? []).flatMap((input: { name?: string }) => input.name ?? []);
  for (const step of steps) {
    const first = byId.get(step.id);
    const taken = step.id === 'input' || step.id === 'source' || inputs.includes(step.id);
    if (first !== undefined || taken)
      issues.add({
        path: [...step.path, 'id'],
        code: taken ? 'reserved-id' : 'repeated-id',
        message: taken
          ? `the id \`${step.id}\` names an input`
          : `the id \`${step.id}\` is used by step ${first!.index + 1} already`,
        remedy: `write another id, for example \`${freeId(step.id, byId)}\``,
      });
    if (first === undefined) byId.set(step.id, step);
  }
  const find = (text: string, where: RefPlace) => findPort(text, where, { byId, inputs, issues });
  for (const [index, step] of steps.entries()) connect(step, steps[index - 1], topology.steps[index]!, find);
  return { steps: order(steps, issues), inFileOrder: steps, find };
}

type MutableStep = Omit<GraphStep, 'reads'> & { reads: PortRef[] };

function makeStep(valid: ValidStep, index: number): MutableStep {
  const { spec, path, operator, config, shown } = valid;
  const usable = operator !== undefined && config !== undefined;
  const ports = usable ? operator.ports(config) : [];
  return { id: spec.id, index, path, operator: usable ? operator : undefined, config, shown, ports, reads: [] };
}

function freeId(id: string, byId: ReadonlyMap<string, unknown>): string {
  let n = 2;
  while (byId.has(`${id}-${n}`)) n++;
  return `${id}-${n}`;
}

function connect(
  step: MutableStep,
  above: MutableStep | undefined,
  valid: ValidStep,
  find: (text: string, where: RefPlace) => PortRef | undefined,
): void {
  const from = valid.spec.from;
  if (from === undefined) {
    step.reads.push({ step: above, port: 0 });
    return;
  }
  const list = Array.isArray(from) ? from : [from];
  for (const [index, text] of list.entries()) {
    if (typeof text !== 'string') continue;
    const path = Array.isArray(from) ? [...step.path, 'from', index] : [...step.path, 'from'];
    const ref = find(text, { path });
    if (ref !== undefined) step.reads.push(ref);
  }
}

function findPort(
  text: string,
  where: RefPlace,
  context: {
    readonly byId: ReadonlyMap<string, GraphStep>;
    readonly inputs: readonly string[];
    readonly issues: Issues;
  },
): PortRef | undefined {
  const { byId, inputs, issues } = context;
  if (text === 'input') return { step: undefined, port: 0 };
  if (inputs.includes(text)) return { step: undefined, port: inputs.indexOf(text) + 1 };
  const dot = text.indexOf('.');
  const id = dot < 0 ? text : text.slice(0, dot);
  const step = byId.get(id);
  const known = ['input', ...inputs, ...byId.keys()];
  if (step === undefined) {
    issues.add({
      ...where,
      code: 'unknown-step',
      message: `unknown step \`${id.slice(0, 60)}\`; known: ${known.join(', ')}`,
      remedy: didYouMean(id, known) ?? 'write the id of a step',
    });
    return undefined;
  }
  if (dot < 0 || step.operator === undefined) return { step, port: 0 };
  const name = text.slice(dot + 1);
  const port = step.ports.findIndex((one) => one.name === name);
  if (port >= 0) return { step, port };
  const ports = step.ports.map((one) => one.name);
  issues.add({
    ...where,
    code: 'unknown-port',
    message: `step \`${id}\` (${step.operator.name}) has no port \`${name.slice(0, 60)}\`; its ports: ${ports.join(', ')}`,
    remedy: didYouMean(name, ports)?.replace(/`(.*)`/, `\`${id}.$1\``) ?? `write ${id}.${ports[0] ?? 'out'}`,
  });
  return undefined;
}

/** Depth first in file order, so that the order is the file's wherever the edges allow it. */
function order(steps: readonly GraphStep[], issues: Issues): readonly GraphStep[] {
  const done = new Set<GraphStep>();
  const open: GraphStep[] = [];
  const sorted: GraphStep[] = [];
  const visit = (step: GraphStep): void => {
    if (done.has(step)) return;
    const seen = open.indexOf(step);
    if (seen >= 0) {
      const ids = [...open.slice(seen), step].map((one) => one.id);
      issues.add({
        path: [...step.path, 'from'],
        code: 'cycle',
        message: `the steps read each other in a circle: ${ids.join(' reads ')}`,
        remedy: 'let one of them read a step outside the circle, for example `from: input`',
      });
      return;
    }
    open.push(step);
    for (const ref of step.reads) if (ref.step !== undefined) visit(ref.step);
    open.pop();
    done.add(step);
    sorted.push(step);
  };
  steps.forEach(visit);
  return sorted;
}
