import type { Graph, GraphStep } from './graph.ts';
import { didYouMean, type Issues } from './issues.ts';
import type { StagePlan } from './plan.ts';
import type { TopologySpec } from './schema.ts';
import { openScope } from './scope-choice.ts';
import { SELECT_INPUT } from './select-input.ts';

interface LintContext {
  readonly spec: TopologySpec;
  readonly graph: Graph;
  readonly stages: readonly StagePlan[];
  readonly issues: Issues;
}

/** Warns of what is legal and unwise. */
export function lintGraph(context: LintContext): void {
  for (const rule of [dedupBeforeCheck, quarantineNone, unreadPorts, scopeNotChosen, needsClock, slicesAgainst])
    rule(context);
}

/** A record that a later rule rejects has claimed its id by then: the corrected one is dropped as a duplicate. */
function dedupBeforeCheck({ graph, issues }: LintContext): void {
  for (const step of graph.steps) {
    if (!step.ports.some((port) => port.fate === 'duplicate')) continue;
    const check = graph.steps.find((other) => rejects(other) && readsFrom(other, step, 'duplicate'));
    if (check === undefined) continue;
    issues.add({
      path: [...step.path, 'id'],
      level: 'warn',
      code: 'dedup-before-check',
      message: `step \`${step.id}\` removes duplicates before \`${check.id}\` rejects records: a rejected record has claimed its key`,
      remedy: `move \`${check.id}\` above \`${step.id}\``,
      step: step.id,
    });
  }
}

function rejects(step: GraphStep): boolean {
  return step.operator?.scope(step.config) === 'none' && step.ports.some((port) => port.fate === 'quarantined');
}

/** Whether `step` is below `above` by edges other than ports of fate `except`. */
function readsFrom(step: GraphStep, above: GraphStep, except: string): boolean {
  const seen = new Set<GraphStep>();
  const walk = (one: GraphStep): boolean => {
    if (seen.has(one)) return false;
    seen.add(one);
    return one.reads.some((ref) => {
      if (ref.step === undefined) return false;
      return ref.step === above ? above.ports[ref.port]?.fate !== except : walk(ref.step);
    });
  };
  return walk(step);
}

function quarantineNone({ spec, issues }: LintContext): void {
  if (spec.quarantine !== 'none') return;
  issues.add({
    path: ['quarantine'],
    level: 'warn',
    code: 'quarantine-none',
    message: 'rejected and undecodable records are counted and then lost',
    remedy: `remove the line: they go to ${spec.name}.quarantine`,
  });
}

/** Ports of fate pass or derived that nobody reads: their records are dropped. */
function unreadPorts({ spec, graph, stages, issues }: LintContext): void {
  const discarded = new Set<string>();
  for (const stage of stages)
    for (const sink of stage.sinks)
      if (sink.kind === 'discard')
        for (const edge of sink.edges)
          for (const step of stage.steps)
            for (const { spec, edge: own } of step.ports) if (own === edge) discarded.add(`${step.id}.${spec.name}`);
  for (const [index, { name }] of (spec.inputs ?? []).entries()) {
    if (!discarded.has(`${SELECT_INPUT}.${name}`)) continue;
    issues.add({
      path: ['inputs', index, 'name'],
      level: 'warn',
      code: 'unread-input',
      message: `nobody reads the input \`${name}\`: its records are dropped`,
      remedy: `read it with \`from: ${name}\`, or remove it`,
    });
  }
  for (const step of graph.inFileOrder) {
    const [main, ...others] = step.ports;
    if (main === undefined) continue;
    const lost = (port: typeof main) => discarded.has(`${step.id}.${port.name}`);
    const unused =
      (main.fate === 'pass' || main.fate === 'derived') &&
      step.ports.every((port) => lost(port) || port.fate === 'quarantined');
    if (unused && lost(main)) {
      issues.add({
        path: [...step.path, 'id'],
        level: 'warn',
        code: 'unused-step',
        message: `nobody reads what step \`${step.id}\` lets through`,
        remedy: `read it with \`from: ${step.id}\`, add it to \`outputs:\`, or remove the step`,
        step: step.id,
      });
      continue;
    }
    for (const port of [main, ...others]) {
      if (!lost(port) || port.fate !== 'pass') continue;
      issues.add({
        path: [...step.path, 'id'],
        level: 'warn',
        code: 'unread-port',
        message: `nobody reads \`${step.id}.${port.name}\`: its records are dropped`,
        remedy: `add \`${step.id}.${port.name}: <topic>\` to \`outputs:\``,
        step: step.id,
      });
    }
  }
}

/** These have no scope that is right for everybody once the input has several partitions. */
function scopeNotChosen({ graph, issues }: LintContext): void {
  for (const step of graph.steps) {
    const open = openScope(step);
    if (open === undefined) continue;
    issues.add({ path: [...step.path, 'with'], level: 'warn', code: 'scope-not-chosen', ...open, step: step.id });
  }
}

function needsClock({ stages, issues }: LintContext): void {
  for (const stage of stages)
    for (const step of stage.steps) {
      const need = step.needsClock;
      if (need !== undefined) issues.add({ ...need, path: [], level: 'warn', code: 'needs-clock' });
    }
}

/** Rules may come from files and from operators that do not name them: only what looks like a slip of the pen is told. */
function slicesAgainst({ spec, graph, issues }: LintContext): void {
  const against = spec.slices?.against;
  if (against === undefined || against === 'quarantined') return;
  const known = graph.steps.flatMap((step) => step.operator?.rules?.(step.config) ?? []);
  const remedy = known.includes(against) ? undefined : didYouMean(against, known);
  if (remedy === undefined) return;
  const message = `no step of this topology has a rule \`${against}\`: no slice would ever be named`;
  issues.add({ path: ['slices', 'against'], level: 'warn', code: 'slices-rule', message, remedy });
}
