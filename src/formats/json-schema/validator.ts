import { createRequire } from 'node:module';
import type * as ajvDraft7 from 'ajv';
import type * as ajv2020 from 'ajv/dist/2020.js';
import type { FormatsPlugin } from 'ajv-formats';
import { RE2JS } from 're2js';
import { FormatError } from '../../core/errors.ts';
import type { Reference } from '../registry/schema-cache.ts';

/** Throws FormatError `schema-violation` that says where the value does not fit. */
export type Valid = (value: unknown) => void;

const MAX_SCHEMA_CHARS = 1024 * 1024;
const require = createRequire(import.meta.url);

/** Patterns of a schema run in linear time: whoever writes schemas is not whoever runs this. */
const regExp = Object.assign(
  (source: string) => {
    const pattern = RE2JS.compile(source);
    return { test: (text: string) => pattern.matcher(text).find() } as unknown as RegExp; // all that ajv calls
  },
  { code: 'throw new Error("standalone code is not made")' },
);

/** A validator for JSON Schema 2020-12, or draft-07 where the schema names it (or nothing). Throws FormatError `bad-schema`. */
export function compileSchema(text: string, references: readonly Reference[]): Valid {
  try {
    if (text.length > MAX_SCHEMA_CHARS) throw new Error(`longer than ${MAX_SCHEMA_CHARS} characters`);
    const schema = JSON.parse(text) as { readonly $schema?: unknown } | boolean; // ajv says if it is something else
    const ajv = makeAjv(schema);
    for (const reference of references) ajv.addSchema(JSON.parse(reference.text) as object, reference.name);
    const validate = ajv.compile(schema as object);
    return (value) => {
      if (validate(value)) return;
      const [error] = validate.errors ?? [];
      const where = error === undefined || error.instancePath === '' ? 'the value' : error.instancePath;
      throw new FormatError(`${where} ${error?.message ?? 'does not fit its schema'}`, { code: 'schema-violation' });
    };
  } catch (cause) {
    throw new FormatError(`not a JSON Schema: ${cause instanceof Error ? cause.message : String(cause)}`, {
      code: 'bad-schema',
      cause,
    });
  }
}

/** Loaded when it is needed: a run without one starts sooner. */
function makeAjv(schema: { readonly $schema?: unknown } | boolean) {
  const is2020 = typeof schema === 'object' && String(schema.$schema).includes('2020-12');
  const { Ajv } = require('ajv') as typeof ajvDraft7; // what the module is
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof ajv2020; // as above
  const { default: addFormats } = require('ajv-formats') as { readonly default: FormatsPlugin }; // as above
  const ajv = new (is2020 ? Ajv2020 : Ajv)({ strict: false, ownProperties: true, code: { regExp } });
  addFormats(ajv);
  return ajv;
}
