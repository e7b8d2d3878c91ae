import { createHmac } from 'node:crypto';
import { Value } from '@sinclair/typebox/value';
import { FormatError } from '../../core/errors.ts';
import { canonicalJson } from '../canonical-json/canonical-json.ts';
import { compileCel } from '../cel/cel.ts';
import type { Apply, CompiledStep } from './step.ts';
import { Refusal } from './step.ts';
import { KEYED_STEPS, OwnUnit, type OwnUnits, type StepConfig } from './step-schema.ts';
import * as text from './text-steps.ts';
import { conversion } from './units.ts';
import * as value from './value-steps.ts';

export const DEFAULT_NULLS = ['', '-', '--', '?', 'n/a', 'na', 'nan', 'nil', 'none', 'null', 'undefined', 'unknown'];
const DEFAULT_TRUE = ['true', 't', 'yes', 'y', 'on', '1'];
const DEFAULT_FALSE = ['false', 'f', 'no', 'n', 'off', '0'];
/** Two-digit years from here on are 19yy. Source: POSIX strptime, %y (69), rounded. */
const DEFAULT_PIVOT = 70;
const MIN_SECRET_BYTES = 16;

/** Maps of files, read before; undefined while only the topology is judged. */
export type Dictionaries = (file: string) => ReadonlyMap<string, unknown> | undefined;

/** The step's name and parameter; the parameter is undefined for a bare one. */
export function stepOf(config: StepConfig): { readonly method: string; readonly parameter: unknown } {
  if (typeof config === 'string') return { method: config, parameter: undefined };
  if (config.use !== undefined) return { method: config.use, parameter: undefined };
  const method = KEYED_STEPS.find((name) => Object.hasOwn(config, name)) ?? '';
  return { method, parameter: (config as Record<string, unknown>)[method] };
}

/** Throws a sentence for a parameter that cannot work (a pattern, a zone, a unit, an expression). */
export function compileStep(config: StepConfig, dictionaries: Dictionaries): CompiledStep {
  const { method } = stepOf(config);
  const keyed = typeof config === 'string' ? {} : config;
  const step = (apply: Apply, more: Partial<CompiledStep> = {}): CompiledStep => ({ method, apply, ...more });
  const number = (options: { decimal?: '.' | ','; percent?: 'ratio' | 'strip' } = {}) => ({
    decimal: options.decimal ?? '.',
    percent: options.percent ?? 'ratio',
  });
  switch (method) {
    case 'to-string':
      return step(value.toText);
    case 'to-number':
      return step(value.toNumber(number(keyed['to-number'])));
    case 'to-integer':
      return step(value.toInteger(number(keyed['to-integer'])));
    case 'to-boolean':
      return step(
        value.toBoolean(keyed['to-boolean']?.true ?? DEFAULT_TRUE, keyed['to-boolean']?.false ?? DEFAULT_FALSE),
      );
    case 'trim':
      return step(text.trim);
    case 'collapse-whitespace':
      return step(text.collapseWhitespace);
    case 'lower-case':
      return step(text.lowerCase);
    case 'upper-case':
      return step(text.upperCase);
    case 'title-case':
      return step(text.titleCase);
    case 'unicode':
      return step(text.unicodeForm(keyed.unicode ?? 'NFC'));
    case 'strip-control':
      return step(text.stripControl);
    case 'nulls':
      return step(value.nulls(keyed.nulls ?? DEFAULT_NULLS));
    case 'parse-time':
      return step(value.parseTime());
    case 'parse-duration':
      return step(value.parseDurationText(keyed['parse-duration'] ?? 's'));
    case 'parse-date':
      return step(dateStep(keyed['parse-date']!));
    case 'mask':
      return step(text.masking(keyed.mask?.keep ?? 0, keyed.mask?.char ?? '*'), { hides: true });
    default:
      return keyedStep(method, keyed, { step, dictionaries });
  }
}

type Keyed = Exclude<StepConfig, string>;

interface Making {
  step(apply: Apply, more?: Partial<CompiledStep>): CompiledStep;
  readonly dictionaries: Dictionaries;
}

function keyedStep(method: string, keyed: Keyed, { step, dictionaries }: Making): CompiledStep {
  switch (method) {
    case 'default': {
      const filler = keyed.default;
      return step((v) => (v === undefined || v === null ? filler : v), { onNull: true });
    }
    case 'convert':
      return step(convertStep(keyed.convert!, dictionaries));
    case 'map':
      return step(
        mapStep(
          typeof keyed.map === 'string' ? (dictionaries(keyed.map) ?? new Map()) : new Map(Object.entries(keyed.map!)),
        ),
      );
    case 'replace':
      return step(text.replacing(keyed.replace!.pattern, keyed.replace!.with));
    case 'round':
      return step(value.rounding(keyed.round!));
    case 'clamp': {
      const [low = 0, high = 0] = keyed.clamp!;
      if (low > high) throw new Error(`nothing lies between ${low} and ${high}; write the lower one first`);
      return step(value.clamping(low, high));
    }
    case 'hash':
      return step(hashStep(keyed.hash!.secret), { hides: true });
    case 'split':
      return step(text.splitting(keyed.split!));
    case 'join':
      return step(text.joining(keyed.join!));
    case 'derive': {
      const expression = compileCel(keyed.derive!);
      return step(
        (v, data) => {
          const derived = expression.value(data);
          return derived === undefined ? v : derived;
        },
        { onNull: true },
      );
    }
    default:
      throw new Error(`a step needs one of ${KEYED_STEPS.join(', ')}, or a bare name`);
  }
}

function dateStep(config: NonNullable<Keyed['parse-date']>): Apply {
  const options = Array.isArray(config) ? { patterns: config } : config;
  const { patterns, zone, pivot = DEFAULT_PIVOT } = options as { patterns: string[]; zone?: string; pivot?: number };
  return value.parseDate(patterns, { pivot, ...(zone === undefined ? {} : { zone }) });
}

function convertStep(config: NonNullable<Keyed['convert']>, dictionaries: Dictionaries): Apply {
  if ('factor' in config) return value.converting(config.factor, config.offset ?? 0);
  const own = typeof config.units === 'string' ? ownUnits(config.units, dictionaries) : config.units;
  if (own === 'unread') return (v) => v;
  const found = conversion(config.from, config.to, own);
  if (typeof found === 'string') throw new Error(found);
  return value.converting(found.factor, found.offset);
}

/** Units of a file, which is not read yet while a topology is validated. */
function ownUnits(file: string, dictionaries: Dictionaries): OwnUnits | 'unread' {
  const units = dictionaries(file);
  if (units === undefined) return 'unread';
  for (const [name, unit] of units)
    if (!Value.Check(OwnUnit, unit))
      throw new Error(`${file}: '${name}' needs of: and factor:, as { of: m, factor: 1.7 }`);
  return Object.fromEntries(units) as OwnUnits; // checked one by one
}

/** Texts, numbers and booleans are looked up by their text; what is not listed stays. */
function mapStep(dictionary: ReadonlyMap<string, unknown>): Apply {
  return (v) => {
    if (typeof v === 'object') return v;
    const mapped = dictionary.get(typeof v === 'string' ? v : String(v));
    return mapped === undefined ? v : mapped;
  };
}

/** Source: RFC 2104; lists and maps are hashed by their canonical JSON (RFC 8785). */
function hashStep(secret: string): Apply {
  return (v) => {
    const message = typeof v === 'string' ? v : canonicalText(v);
    if (message === undefined) return UNHASHED;
    return createHmac('sha256', secret).update(message, 'utf8').digest('hex');
  };
}

const UNHASHED = new Refusal('unparsed', 'a value with a canonical form');

/** Undefined for what has none: lone surrogates, nesting without end. */
function canonicalText(v: unknown): string | undefined {
  try {
    return canonicalJson(v);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** A secret that is too short to keep anything; undefined when it is fine or not resolved yet. */
export function secretProblem(secret: string): string | undefined {
  if (/\$\{(?:env|file):/.test(secret) || Buffer.byteLength(secret) >= MIN_SECRET_BYTES) return undefined;
  return `the secret has fewer than ${MIN_SECRET_BYTES} bytes and can be guessed; take a longer one from \${env:NAME}`;
}

/**
 * Steps as one function of a value, for operators that normalize what they compare: a value no step can read stays
 * as it is.
 */
export function compileNormalizer(steps: readonly StepConfig[]): (value: unknown) => unknown {
  const compiled = steps.map((config) => compileStep(config, () => undefined));
  return (input) => {
    let current = input;
    for (const { apply, onNull } of compiled) {
      if ((current === null || current === undefined) && onNull !== true) continue;
      const next = apply(current, undefined);
      if (!(next instanceof Refusal)) current = next;
    }
    return current;
  };
}
