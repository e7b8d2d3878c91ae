import type { ConfigIssue } from '../../core/operator.ts';
import { celIssue } from '../cel/issue.ts';
import { compileStep, secretProblem, stepOf } from './compile-steps.ts';
import { type FieldStepsConfig, KEYED_STEPS, type StepConfig } from './step-schema.ts';
import { isTimeZone } from './time-zone.ts';

interface CleanShape {
  readonly rename?: Readonly<Record<string, string>>;
  readonly drop?: readonly string[];
  readonly fields?: Readonly<Record<string, FieldStepsConfig>>;
}

/** What the schema cannot say of a `clean`. */
export function validateClean(config: CleanShape): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (config.rename === undefined && config.drop === undefined && config.fields === undefined)
    issues.push(error([], 'clean-nothing', 'there is nothing to clean; add fields, rename or drop'));
  const targets = new Map<string, string>();
  for (const [from, to] of Object.entries(config.rename ?? {})) {
    const other = targets.get(to);
    if (other !== undefined)
      issues.push(
        error(
          ['rename', from],
          'rename-twice',
          `'${other}' and '${from}' both become '${to}'; give each a name of its own`,
        ),
      );
    if (from.includes('[]') || to.includes('[]'))
      issues.push(error(['rename', from], 'rename-many', 'elements of a list cannot be renamed; name one field'));
    targets.set(to, from);
  }
  for (const [name, field] of Object.entries(config.fields ?? {})) {
    const renamed = config.rename?.[name];
    if (renamed !== undefined && !targets.has(name))
      issues.push(
        error(
          ['fields', name],
          'renamed-field',
          `'${name}' is called '${renamed}' by then (renames come first); write '${renamed}'`,
        ),
      );
    if (config.drop?.includes(name))
      issues.push(
        error(
          ['fields', name],
          'dropped-field',
          `'${name}' is dropped before its steps run; take it out of one of the two`,
        ),
      );
    const list = Array.isArray(field) ? field : field.steps;
    const base = Array.isArray(field) ? ['fields', name] : ['fields', name, 'steps'];
    list.forEach((step, i) => {
      issues.push(...stepIssues(step, [...base, i]));
    });
  }
  return issues;
}

function error(path: readonly (string | number)[], code: string, message: string): ConfigIssue {
  return { path, level: 'error', code, message };
}

/** Also for other operators that take a list of steps. */
export function stepIssues(step: StepConfig, path: readonly (string | number)[]): ConfigIssue[] {
  if (typeof step === 'object') {
    const named = [
      ...KEYED_STEPS.filter((name) => Object.hasOwn(step, name)),
      ...(step.use === undefined ? [] : [step.use]),
    ];
    if (named.length === 0)
      return [error(path, 'step-without-name', `the step says nothing to do; write one of ${KEYED_STEPS.join(', ')}`)];
    if (named.length > 1)
      return [
        error(
          path,
          'step-twice',
          `one entry holds the steps ${named.join(' and ')}; write one entry a step, since order matters`,
        ),
      ];
    if (step.derive !== undefined) {
      const issue = celIssue(step.derive, [...path, 'derive'], 'value');
      return issue === undefined ? [] : [issue];
    }
    const date = step['parse-date'];
    const zone = date !== undefined && !Array.isArray(date) ? date.zone : undefined;
    if (zone !== undefined && !isTimeZone(zone))
      return [
        error(
          [...path, 'parse-date', 'zone'],
          'time-zone',
          `'${zone.slice(0, 60)}' is no time zone; write one like Europe/Berlin or UTC`,
        ),
      ];
    const secret = step.hash === undefined ? undefined : secretProblem(step.hash.secret);
    if (secret !== undefined) return [error([...path, 'hash', 'secret'], 'short-secret', secret)];
  }
  try {
    compileStep(step, () => undefined);
    return [];
  } catch (cause) {
    const { method } = stepOf(step);
    return [
      error(
        typeof step === 'string' ? path : [...path, method],
        'clean-step',
        cause instanceof Error ? cause.message : String(cause),
      ),
    ];
  }
}
