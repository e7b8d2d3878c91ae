import { type Static, Type } from '@sinclair/typebox';
import { ConfigError } from '../core/errors.ts';
import type { ConfigIssue, FieldUse, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { celFields } from '../kernels/cel/issue.ts';
import { parseSchemaFile, wrongFile } from '../kernels/check/rule-files.ts';
import { CleanKernel, type CleanPlan, type FieldPlan } from '../kernels/clean/clean-kernel.ts';
import { compileStep, type Dictionaries, stepOf } from '../kernels/clean/compile-steps.ts';
import {
  FieldSteps,
  type FieldStepsConfig,
  type Mode,
  modeSchema,
  type StepConfig,
} from '../kernels/clean/step-schema.ts';
import { validateClean } from '../kernels/clean/validate-clean.ts';

const config = Type.Object(
  {
    rename: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), Type.String({ minLength: 1 }), {
        description: 'Old name to new name, before everything else; steps below use the new names.',
      }),
    ),
    drop: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), { description: 'Fields to take out, by their new names.' }),
    ),
    fields: Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), FieldSteps, { description: 'Steps of each field, in order.' }),
    ),
    mode: Type.Optional(
      modeSchema(
        '`repair` (default) changes values, `flag` reports what would change, `observe` only counts it. Also by field and by step.',
      ),
    ),
    trace: Type.Boolean({ description: 'Attach evidence of every change to the record.', default: false }),
  },
  { additionalProperties: false },
);
type CleanConfig = Omit<Static<typeof config>, 'trace'> & { readonly trace?: boolean };

/**
 * Repairs what can be repaired without doubt: names, types, blanks, dates, units.
 *
 * A value a step cannot read stays as it is and becomes a finding `<field>.<step>` of severity `warn`; a number
 * JavaScript cannot hold becomes `lossy-number`. Cost: 10 to 200 ns a step; no state.
 * Example: `fields: { amount: [to-number] }` makes `{amount: "78,953.96"}` into `{amount: 78953.96}`.
 * Source: METHODS 7.
 */
export const clean: Operator<CleanConfig> = {
  name: 'clean',
  summary: 'Repair values: names, types, blanks, null markers, dates, units.',
  config,
  example: {
    rename: { 'Full Name': 'name' },
    fields: {
      name: ['trim', 'collapse-whitespace'],
      amount: ['to-number'],
      born: [{ 'parse-date': ['dd.MM.yyyy', 'MMM d yyyy'] }],
      state: [{ nulls: ['n/a', ''] }, 'upper-case'],
    },
  },
  ports: () => [{ name: 'out', fate: 'pass' }],
  scope: () => 'none',
  fields: (c) => fieldUse(c),
  validate: (c): readonly ConfigIssue[] => validateClean(c),
  async create(c: CleanConfig, deps: OperatorDeps): Promise<Kernel> {
    return new CleanKernel(planOf(c, deps, await readDictionaries(c, deps)));
  },
};

const HIDING: ReadonlySet<string> = new Set(['mask', 'hash']);

function stepsOf(field: FieldStepsConfig): { readonly steps: readonly StepConfig[]; readonly mode: Mode | undefined } {
  return Array.isArray(field) ? { steps: field, mode: undefined } : { steps: field.steps, mode: field.mode };
}

function fieldUse(c: CleanConfig): FieldUse {
  const fields = Object.entries(c.fields ?? {});
  const derived = fields.flatMap(([, field]) =>
    stepsOf(field).steps.flatMap((step) =>
      typeof step === 'object' && step.derive !== undefined ? celFields(step.derive) : [],
    ),
  );
  const written = fields.map(([name]) => name);
  return {
    reads: [...new Set([...Object.keys(c.rename ?? {}), ...written, ...derived])],
    writes: [...written, ...(c.drop ?? [])],
    renames: Object.entries(c.rename ?? {}),
    hides: hiddenFields(c),
  };
}

/** Masked and hashed fields, also by the names they have before they are renamed. */
function hiddenFields(c: CleanConfig): readonly string[] {
  const hidden = Object.entries(c.fields ?? {}).flatMap(([name, field]) =>
    stepsOf(field).steps.some((step) => HIDING.has(stepOf(step).method)) ? [name] : [],
  );
  const before = Object.entries(c.rename ?? {}).flatMap(([from, to]) => (hidden.includes(to) ? [from] : []));
  return [...hidden, ...before];
}

function planOf(c: CleanConfig, deps: OperatorDeps, dictionaries: Dictionaries): CleanPlan {
  const methods = ['rename', 'drop'];
  const counter = (method: string) => (methods.includes(method) ? methods.indexOf(method) : methods.push(method) - 1);
  const fields = Object.entries(c.fields ?? {}).map(([name, field]): FieldPlan => {
    const { steps, mode } = stepsOf(field);
    const compiled = steps.map((step) => {
      const own = typeof step === 'object' ? step.mode : undefined;
      return {
        ...compile(step, name, dictionaries),
        mode: own ?? mode ?? c.mode ?? 'repair',
        counter: counter(stepOf(step).method),
      };
    });
    return {
      slot: deps.field(name),
      steps: compiled,
      hidden: deps.redacted(name) || compiled.some((s) => s.hides === true),
    };
  });
  return {
    renames: Object.entries(c.rename ?? {}).map(([from, to]) => ({
      from: deps.field(from),
      to: deps.field(to),
      hidden: deps.redacted(from) || deps.redacted(to),
    })),
    drops: (c.drop ?? []).map((name) => ({ slot: deps.field(name), hidden: deps.redacted(name) })),
    fields,
    trace: c.trace ?? false,
    methods,
  };
}

function compile(step: StepConfig, field: string, dictionaries: Dictionaries) {
  try {
    return compileStep(step, dictionaries);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`fields.${field}: ${reason}`, { code: 'clean-step', cause });
  }
}

/** Files of `map` and `convert` steps: JSON or YAML maps. */
async function readDictionaries(c: CleanConfig, deps: OperatorDeps): Promise<Dictionaries> {
  const maps = new Map<string, ReadonlyMap<string, unknown>>();
  for (const file of Object.values(c.fields ?? {}).flatMap((field) => stepsOf(field).steps.flatMap(filesOf))) {
    if (maps.has(file)) continue;
    const value = parseSchemaFile(await deps.readFile(file), file);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrongFile(file, 'expected a map');
    maps.set(file, new Map(Object.entries(value)));
  }
  return (file) => maps.get(file);
}

function filesOf(step: StepConfig): readonly string[] {
  if (typeof step === 'string') return [];
  const units = step.convert !== undefined && 'from' in step.convert ? step.convert.units : undefined;
  return [step.map, units].filter((file) => typeof file === 'string');
}
