import { expect, it } from 'vitest';
import { uniform } from '../../../src/core/hash.ts';
import {
  isBetter,
  SURVIVORSHIP_RULES,
  type Survivor,
  type Survivorship,
  survivorsOf,
} from '../../../src/kernels/near/survivorship.ts';
import { recordOf, testDeps } from '../../support/collect-out.ts';

const VALUES = [null, '', ' ', 'x', 'xyz', 3, [], [1], {}, { a: null }, { a: 1 }, false];

/** Records of random values, of which some have a time and some a source. */
const records = Array.from({ length: 40 }, (_, i) => {
  const value = (field: number) => VALUES[Math.floor(uniform(i, field) * VALUES.length)];
  const record = recordOf({ a: value(1), b: value(2), c: value(3), s: ['x', 'y', 'z'][i % 3] }, i);
  record.eventTime = i % 4 === 0 ? Number.NaN : Math.floor(uniform(i, 4) * 10);
  return record;
});

function best(order: readonly number[], rules: Survivorship): string {
  const found = new Map<string, Survivor>();
  for (const i of order)
    for (const [name, value] of survivorsOf(records[i]!, rules, { id: String(i), arrival: i })) {
      const known = found.get(name);
      if (known === undefined || isBetter(value.rank, known.rank)) found.set(name, value);
    }
  return JSON.stringify([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

for (const fallback of SURVIVORSHIP_RULES)
  it(`what survives by ${fallback} is the same in whatever order the values are compared`, () => {
    const places = new Map([['y', 0]]);
    const rules: Survivorship = { fallback, fields: new Map(), source: testDeps().field('s'), places };
    const order = records.map((_, i) => i);
    const expected = best(order, rules);
    for (let shuffle = 0; shuffle < 20; shuffle++)
      expect(
        best(
          [...order].sort((i, j) => uniform(shuffle, i) - uniform(shuffle, j)),
          rules,
        ),
      ).toBe(expected);
  });

it('nothing said is no value, however new or trusted who says it', () => {
  for (const fallback of SURVIVORSHIP_RULES) {
    const places = new Map([['y', 0]]);
    const rules: Survivorship = { fallback, fields: new Map(), source: testDeps().field('s'), places };
    const said = recordOf({ s: 'x', v: false });
    for (const nothing of [null, '', ' \t', [], {}, [null, ''], { deep: { er: [] } }]) {
      const empty = recordOf({ s: 'y', v: nothing, more: 1, still: 'more' });
      empty.eventTime = 9;
      const [a, b] = [said, empty].map(
        (record, arrival) => survivorsOf(record, rules, { id: '', arrival }).get('v')!.rank,
      );
      expect(isBetter(a!, b!), `${fallback} ${JSON.stringify(nothing)}`).toBe(true);
    }
  }
});
