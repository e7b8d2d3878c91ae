import { createRequire } from 'node:module';
import type * as ajv2020 from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import type { FormatsPlugin } from 'ajv-formats';
import type { Violation } from './check.ts';
import { linearPattern } from './linear-pattern.ts';

export const MAX_SCHEMA_CHARS = 256 * 1024;
/** Violations reported for one record; the rest is cut. */
const MAX_VIOLATIONS = 16;

const require = createRequire(import.meta.url);

/** Loaded when a rule asks for it: a run without a schema starts sooner. */
function loadAjv() {
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof ajv2020; // what the module is
  const { default: addFormats } = require('ajv-formats') as { readonly default: FormatsPlugin }; // as above
  return { Ajv2020, addFormats };
}

/** ajv asks for a RegExp factory: patterns of a schema run in linear time like all others. */
const regExp = Object.assign((source: string) => linearPattern(source) as unknown as RegExp, {
  code: 'throw new Error("standalone code is not made")',
});

/**
 * A validator for JSON Schema 2020-12, bounded in size. Throws a sentence when the schema is not valid.
 *
 * Source: JSON Schema 2020-12; ajv 8.
 */
export function compileSchema(schema: unknown): ValidateFunction {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) throw new Error('a JSON Schema is a map');
  if (JSON.stringify(schema).length > MAX_SCHEMA_CHARS)
    throw new Error(`the schema is longer than ${MAX_SCHEMA_CHARS} characters`);
  const { Ajv2020, addFormats } = loadAjv();
  const ajv = new Ajv2020({
    allErrors: false,
    strict: true,
    strictRequired: false,
    strictTypes: false,
    allowUnionTypes: true,
    ownProperties: true,
    verbose: true,
    validateFormats: true,
    code: { regExp },
  });
  addFormats(ajv);
  const all = new Ajv2020({ ...ajv.opts, allErrors: true, code: { regExp } });
  addFormats(all);
  const quick = ajv.compile(schema);
  detailed.set(quick, all.compile(schema));
  return quick;
}

/** The validator that finds everything, for records the quick one refused. */
const detailed = new WeakMap<ValidateFunction, ValidateFunction>();

export function schemaViolations(quick: ValidateFunction, value: unknown, field: string | undefined): Violation[] {
  const validate = detailed.get(quick) ?? quick;
  validate(value);
  return (validate.errors ?? []).slice(0, MAX_VIOLATIONS).map((error) => {
    const place = error.instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~');
    const whole = [field, place].filter((part) => part !== undefined && part !== '').join('.');
    return { field: whole === '' ? undefined : whole, expected: error.message ?? error.keyword, observed: error.data };
  });
}
