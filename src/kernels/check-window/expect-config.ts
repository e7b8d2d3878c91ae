import { type Static, Type } from '@sinclair/typebox';
import type { OperatorDeps } from '../../core/operator.ts';
import { DURATION_PATTERN, parseDuration } from '../../core/units.ts';
import { type ExpectationSpec, MEASURES, type Measure } from './expectation.ts';
import { ORDERS } from './order.ts';

/** Windows that a measure's own history remembers and needs. */
const HISTORY = { windows: 60, atLeast: 20, deviations: 4, tolerance: 0.01 } as const;

const Field = Type.String({ minLength: 1 });
const Bound = (description: string) =>
  Type.Union([Type.Number(), Type.String({ pattern: DURATION_PATTERN })], { description });

/** One entry of `expect:`. */
export const Expect = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Default: measure(field).' })),
    measure: Type.Union(
      MEASURES.map((measure) => Type.Literal(measure)),
      {
        description:
          'row-count, rate (records a second), freshness (age of the newest event time, or of the newest instant in `field`, at the end of the window), null-ratio, mean, quantile (`q`), stdev, sum, distinct, uniqueness (distinct / values), in-set (share of values that are in `values`), monotonic (share of steps that keep `order`), sequence-gaps (numbers missing in a sequence of whole numbers).',
      },
    ),
    field: Type.Optional(Type.String({ minLength: 1, description: 'Field measured; none for row-count and rate.' })),
    q: Type.Optional(Type.Number({ minimum: 0, maximum: 1, description: 'Of a quantile; 0.5 is the median.' })),
    values: Type.Optional(
      Type.Array(Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
        minItems: 1,
        description: 'Of in-set.',
      }),
    ),
    order: Type.Optional(
      Type.Union(
        ORDERS.map((order) => Type.Literal(order)),
        { description: 'Of monotonic; default increasing.' },
      ),
    ),
    key: Type.Optional(
      Type.Array(Field, { minItems: 1, maxItems: 10, description: 'Of monotonic and sequence-gaps: one order a key.' }),
    ),
    min: Type.Optional(Bound('Smallest value expected; a duration for freshness.')),
    max: Type.Optional(Bound('Largest value expected; a duration for freshness.')),
    mostly: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description:
          'Share of the values that must be as expected: not null (null-ratio), in the set, in order, unique. Default 1 where it is the only bound.',
      }),
    ),
    history: Type.Optional(
      Type.Object(
        {
          windows: Type.Integer({
            minimum: 4,
            maximum: 1000,
            description: 'Windows remembered.',
            default: HISTORY.windows,
          }),
          atLeast: Type.Integer({
            minimum: 4,
            maximum: 1000,
            description: 'Windows needed to judge.',
            default: HISTORY.atLeast,
          }),
          deviations: Type.Number({
            exclusiveMinimum: 0,
            description: 'Robust standard deviations around the median that are expected.',
            default: HISTORY.deviations,
          }),
          tolerance: Type.Number({
            minimum: 0,
            description: 'Deviation that is always expected, as a share of the median.',
            default: HISTORY.tolerance,
          }),
        },
        {
          additionalProperties: false,
          description: 'Judges by the last windows of the measure itself; `{}` for the defaults.',
        },
      ),
    ),
    minRecords: Type.Optional(Type.Integer({ minimum: 0, description: 'Windows with fewer values are not judged.' })),
    severity: Type.Union([Type.Literal('error'), Type.Literal('warn'), Type.Literal('info')], {
      description: 'With `action: quarantine` only error rejects.',
      default: 'error',
    }),
  },
  { additionalProperties: false },
);

export type ExpectConfig = Static<typeof Expect>;

export function nameOf({ name, measure, field }: ExpectConfig): string {
  return name ?? (field === undefined ? measure : `${measure}(${field})`);
}

const SHARES: readonly Measure[] = ['in-set', 'monotonic', 'uniqueness'];
const OF_RECORDS: readonly Measure[] = ['row-count', 'rate', 'freshness'];

/** Bounds as numbers: `mostly` is a bound of a share, and without any bound shares are to be whole and gaps none. */
function boundsOf(expect: ExpectConfig): ExpectationSpec['bounds'] {
  const { measure, mostly, history } = expect;
  const number = (bound: number | string | undefined) =>
    typeof bound === 'string' ? parseDuration(bound)! / 1000 : bound;
  const isOpen = expect.min === undefined && expect.max === undefined && mostly === undefined && history === undefined;
  const share = isOpen && SHARES.includes(measure) ? 1 : mostly;
  const min = number(expect.min) ?? (SHARES.includes(measure) ? share : undefined);
  const max =
    number(expect.max) ??
    (measure === 'null-ratio' && mostly !== undefined ? 1 - mostly : undefined) ??
    (measure === 'sequence-gaps' && isOpen ? 0 : undefined);
  return { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}

/** With defaults filled in and fields compiled. */
export function toSpec(expect: ExpectConfig, deps: OperatorDeps): ExpectationSpec {
  const { measure, field, key = [], q, values, order, minRecords, severity, history } = expect;
  return {
    name: nameOf(expect),
    measure,
    field: field === undefined ? undefined : deps.field(field),
    key: key.map((text) => deps.field(text)),
    q: q ?? 0.5,
    values: new Set(values),
    order: order ?? 'increasing',
    bounds: boundsOf(expect),
    minRecords: minRecords ?? (OF_RECORDS.includes(measure) ? 0 : 1),
    severity: severity ?? 'error',
    history: history === undefined ? undefined : { ...HISTORY, ...history },
  };
}

/** What the schema cannot say, a sentence each; `unit` of the window. */
export function wrongWith(expect: ExpectConfig, unit: 'ms' | 'records'): readonly string[] {
  const { measure, field, min, max, mostly, history } = expect;
  const wrong: string[] = [];
  const needs = (is: boolean, message: string) => {
    if (!is) wrong.push(message);
  };
  const takesNone = measure === 'row-count' || measure === 'rate';
  needs(takesNone || field !== undefined || (measure === 'freshness' && unit === 'ms'), `${measure} needs a \`field\``);
  needs(!takesNone || field === undefined, `${measure} counts records; remove \`field\``);
  needs((measure === 'quantile') === (expect.q !== undefined), '`q` goes with quantile, and quantile with `q`');
  needs((measure === 'in-set') === (expect.values !== undefined), '`values` go with in-set, and in-set with `values`');
  needs(expect.order === undefined || measure === 'monotonic', '`order` goes with monotonic');
  needs(
    expect.key === undefined || measure === 'monotonic' || measure === 'sequence-gaps',
    '`key` goes with monotonic and sequence-gaps',
  );
  needs(
    mostly === undefined || measure === 'null-ratio' || SHARES.includes(measure),
    `\`mostly\` goes with shares of values (null-ratio, ${SHARES.join(', ')}); use \`min\` and \`max\``,
  );
  needs(
    mostly === undefined || (min === undefined && max === undefined),
    '`mostly` is a bound of its own; remove it, or `min` and `max`',
  );
  const timed = typeof min === 'string' || typeof max === 'string';
  needs(!timed || measure === 'freshness', 'only freshness has bounds in time; write a number');
  const { min: low, max: high } = boundsOf(expect);
  needs(
    low !== undefined || high !== undefined || history !== undefined,
    'nothing is expected; add `min`, `max`, `mostly` or `history: {}`',
  );
  needs(low === undefined || high === undefined || low <= high, `\`min\` ${low} lies above \`max\` ${high}`);
  return wrong;
}
