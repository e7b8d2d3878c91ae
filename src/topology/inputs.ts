import type { StartAt } from '../core/broker.ts';
import type { Codec } from '../core/codec.ts';
import { ConfigError, messageOf } from '../core/errors.ts';
import { parseDuration } from '../core/units.ts';
import { type Issues, type Path, pathText, show } from './issues.ts';
import type { InputPlan } from './plan.ts';
import type { InputSpec, OutputSpec, TopologySpec } from './schema.ts';

/** How values of a format are read and written; `options` is the part of the input or output that is about the format. */
export type FormatRegistry = (format: string, options: Readonly<Record<string, unknown>>) => Codec;

/** Formats whose values carry the id of a schema. */
export const REGISTRY_FORMATS: ReadonlySet<string> = new Set(['avro', 'json-schema']);

interface Context {
  readonly formats: FormatRegistry;
  readonly issues: Issues;
}

/** `input:` and `inputs:` with units read, defaults filled in and codecs made. */
export function planInputs(spec: TopologySpec, context: Context): readonly InputPlan[] {
  const { issues } = context;
  if (spec.input !== undefined && spec.inputs !== undefined) {
    issues.add({
      path: ['inputs'],
      at: 'key',
      code: 'two-inputs',
      message: 'found both `input` and `inputs`; expected one of them',
      remedy: 'move the single input into the list and give it a name',
    });
    return [];
  }
  if (spec.input !== undefined) return [planInput(spec.input, ['input'], context)];
  if (spec.inputs !== undefined) {
    repeatedNames(spec.inputs, issues);
    return spec.inputs.map((input, index) => planInput(input, ['inputs', index], context));
  }
  issues.add({
    path: [],
    code: 'missing-key',
    message: '`input` is missing',
    remedy: `add \`input: { topic: ${typeof spec.name === 'string' ? spec.name : 'my'}.raw }\``,
  });
  return [];
}

function repeatedNames(inputs: readonly InputSpec[], issues: Issues): void {
  for (const [index, input] of inputs.entries()) {
    if (input.name === undefined || inputs.findIndex((other) => other.name === input.name) === index) continue;
    issues.add({
      path: ['inputs', index, 'name'],
      code: 'repeated-name',
      message: `two inputs have the name \`${input.name}\``,
      remedy: `write another name, for example \`${input.name}-${index + 1}\``,
    });
  }
}

function planInput(input: InputSpec, path: Path, context: Context): InputPlan {
  const format = input.format ?? 'json';
  const options = formatOptions(format, input, { path, issues: context.issues });
  refuseExplode(format, input, { path, issues: context.issues });
  return {
    topics: topicsOf(input, path, context.issues),
    ...optional('name', input.name),
    format,
    codec: makeCodec(format, options, { ...context, path: [...path, 'format'] }),
    ...optional('key', input.key),
    keyMismatch: input.keyMismatch ?? 'stop',
    ...optional('eventTime', eventTimeOf(input)),
    ...optional('maxAheadMs', input.maxAhead === 'off' ? Number.POSITIVE_INFINITY : parsed(input.maxAhead)),
    latenessMs: parsed(input.lateness) ?? 0,
    ...optional('explode', explodeOf(input)),
    ...optional('batchVerdict', verdictOf(input, path, context.issues)),
    ...optional('csv', format === 'tsv' ? options : input.csv),
    start: startOf(input, path, context.issues),
    internal: false,
  };
}

/** Its lists have no bytes of their own to be records of. */
function refuseExplode(
  format: string,
  input: InputSpec,
  where: { readonly path: Path; readonly issues: Issues },
): void {
  if (!REGISTRY_FORMATS.has(format) || explodeOf(input) === undefined) return;
  where.issues.add({
    path: [...where.path, 'explode'],
    at: 'key',
    code: 'wrong-format-options',
    message: `found \`explode\` beside \`format: ${format}\``,
    remedy: 'remove `explode`: values of a registry are records as they come',
  });
}

function topicsOf(input: InputSpec, path: Path, issues: Issues): readonly string[] {
  if (input.topic !== undefined && input.topics === undefined) return [input.topic];
  if (input.topics !== undefined && input.topic === undefined) return input.topics;
  const both = input.topic !== undefined;
  issues.add({
    path: both ? [...path, 'topics'] : path,
    at: 'key',
    code: both ? 'two-topics' : 'missing-key',
    message: both
      ? `found both \`topic\` and \`topics\` in ${pathText(path)}; expected one of them`
      : `\`topic\` is missing in ${pathText(path)}`,
    remedy: both ? 'keep `topics`, with every topic in it' : 'add `topic: …`, or `topics: […]`',
  });
  return [];
}

function eventTimeOf(input: InputSpec): InputPlan['eventTime'] {
  const { eventTime } = input;
  if (eventTime === undefined) return undefined;
  return typeof eventTime === 'string'
    ? { field: eventTime, parse: [] }
    : { field: eventTime.field, parse: eventTime.parse ?? [] };
}

function explodeOf(input: InputSpec): string | undefined {
  if (input.explode === true) return '';
  return input.explode === false ? undefined : input.explode;
}

function verdictOf(input: InputSpec, path: Path, issues: Issues): InputPlan['batchVerdict'] {
  if (input.batchVerdict === undefined) return undefined;
  if (explodeOf(input) === undefined)
    issues.add({
      path: [...path, 'batchVerdict'],
      at: 'key',
      code: 'needs-explode',
      message: '`batchVerdict` judges the elements of a message, but the input has no `explode`',
      remedy: 'add `explode: <list field>`, or remove `batchVerdict`',
    });
  return input.batchVerdict.rejectWhen;
}

function startOf(input: InputSpec, path: Path, issues: Issues): StartAt {
  const { start } = input;
  if (start === undefined || typeof start === 'string') return start ?? 'earliest';
  if (!('time' in start)) return start;
  const time = Date.parse(start.time);
  if (Number.isNaN(time))
    issues.add({
      path: [...path, 'start', 'time'],
      code: 'wrong-value',
      message: `${pathText(path)}.start.time: expected an instant, found ${show(start.time)}`,
      remedy: 'write it like 2026-01-31T00:00:00Z',
    });
  return { time };
}

/** Options of the format; options of another format beside it are an error. */
export function formatOptions(
  format: string,
  spec: InputSpec | OutputSpec,
  where: { readonly path: Path; readonly issues: Issues },
): Readonly<Record<string, unknown>> {
  const isCsv = format === 'csv' || format === 'tsv';
  if (spec.csv !== undefined && !isCsv)
    where.issues.add({
      path: [...where.path, 'csv'],
      at: 'key',
      code: 'wrong-format-options',
      message: `found \`csv\` options beside \`format: ${format}\``,
      remedy: 'write `format: csv`, or remove `csv`',
    });
  if (isCsv) return { ...(format === 'tsv' ? { delimiter: '\t' } : {}), ...spec.csv };
  if (spec.schema === undefined) return {};
  if (!REGISTRY_FORMATS.has(format))
    where.issues.add({
      path: [...where.path, 'schema'],
      at: 'key',
      code: 'wrong-format-options',
      message: `found \`schema\` beside \`format: ${format}\``,
      remedy: 'write `format: avro` or `json-schema`, or remove `schema`',
    });
  const side = where.path[0] === 'output' || where.path[0] === 'outputs' ? 'output' : 'input';
  return { schema: spec.schema, topic: spec.topic, side };
}

/** A format the build does not have is an issue at `path`, not a crash. */
export function makeCodec(
  format: string,
  options: Readonly<Record<string, unknown>>,
  context: Context & { readonly path: Path },
): Codec {
  try {
    return context.formats(format === 'tsv' ? 'csv' : format, options);
  } catch (error) {
    const isSchema = error instanceof ConfigError && error.code !== 'unknown-format';
    context.issues.add({
      path: context.path,
      code: isSchema ? error.code : 'unknown-format',
      message: `format \`${format}\`: ${messageOf(error)}`,
      remedy: isSchema ? 'mend the schema' : 'write json, csv, text, bytes, avro or json-schema',
    });
    return brokenCodec(format);
  }
}

function brokenCodec(name: string): Codec {
  const refuse = (): never => {
    throw new Error(`codec ${name} was never made`); // unreachable: the plan failed
  };
  return { name, decode: refuse, encode: refuse };
}

/** csv and text leave as JSON objects unless `output.format` says otherwise. */
export function defaultOutputFormat(inputs: readonly InputPlan[]): string {
  const formats = new Set(inputs.map((input) => input.format));
  const [only] = formats;
  if (formats.size !== 1 || only === undefined) return 'json';
  return only === 'csv' || only === 'tsv' || only === 'text' ? 'json' : only;
}

/** What is written in the format it came in uses the codec that read it. */
export function codecOf(inputs: readonly InputPlan[], format: string): Codec | undefined {
  return inputs.find((input) => input.format === format)?.codec;
}

/** A unit that the schema checked already; a wrong one was reported and counts as absent. */
export function parsed(text: string | undefined): number | undefined {
  return typeof text === 'string' ? parseDuration(text) : undefined;
}

/** A member only when there is a value: absent and undefined are different types here. */
export function optional<K extends string, V>(key: K, value: V): { readonly [P in K]?: Exclude<V, undefined> } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: Exclude<V, undefined> }; // a computed key widens
}
