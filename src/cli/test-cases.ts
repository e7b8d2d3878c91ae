import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { parseDocument } from 'yaml';
import { ConfigError } from '../core/errors.ts';

/** What a topic must hold: records in order (each expected key must be there, others may), or a count, and the rules found. */
const TopicExpectation = Type.Union([
  Type.Array(Type.Unknown()),
  Type.Object(
    {
      count: Type.Optional(Type.Integer({ minimum: 0 })),
      records: Type.Optional(Type.Array(Type.Unknown())),
      /** Rules of the findings of each record, in order. */
      rules: Type.Optional(Type.Array(Type.Array(Type.String()))),
    },
    { additionalProperties: false },
  ),
]);

const Case = Type.Object(
  {
    name: Type.String(),
    input: Type.Record(Type.String(), Type.Array(Type.Unknown())),
    expect: Type.Record(Type.String(), TopicExpectation),
  },
  { additionalProperties: false },
);

const CaseFile = Type.Object({ cases: Type.Array(Case, { minItems: 1 }) }, { additionalProperties: false });

export type TestCase = Static<typeof Case>;
export type TopicExpected = Static<typeof TopicExpectation>;

/** `<name>.test.yaml` beside `<name>.yaml` (or `.ts`). Throws ConfigError when it is missing or malformed. */
export function readCases(topologyPath: string): readonly TestCase[] {
  const path = join(dirname(topologyPath), `${basename(topologyPath).replace(/\.[^.]+$/, '')}.test.yaml`);
  if (!existsSync(path)) throw new ConfigError(`${path} is missing: its cases would be run`, { code: 'no-cases' });
  const document = parseDocument(readFileSync(path, 'utf8'));
  const [syntax] = document.errors;
  if (syntax !== undefined) throw new ConfigError(`${path}: ${syntax.message}`, { code: 'cases-syntax' });
  const file: unknown = document.toJS({ maxAliasCount: 100 });
  const error = Value.Errors(CaseFile, file).First();
  if (error !== undefined)
    throw new ConfigError(`${path}: ${error.path || '/'}: ${error.message}`, { code: 'cases-schema' });
  return (file as Static<typeof CaseFile>).cases; // just checked
}
