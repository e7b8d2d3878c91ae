import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNumber } from '../../../src/kernels/clean/number-text.ts';
import { Refusal } from '../../../src/kernels/clean/step.ts';

const DOT = { decimal: '.', percent: 'ratio' } as const;
const COMMA = { decimal: ',', percent: 'ratio' } as const;

/** The integer that the text JSON writes for a number stands for. */
function written(value: number): bigint {
  const [digits = '', exponent = '0'] = JSON.stringify(value).split('e');
  const [whole = '', part = ''] = digits.split('.');
  return BigInt(`${whole}${part.padEnd(Number(exponent), '0')}`);
}

describe('parseNumber', () => {
  it('reads every number that JavaScript writes', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parseNumber(String(value), DOT)).toBe(value === 0 ? 0 : value);
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('reads grouped digits as the same digits without marks', () => {
    const fraction = fc.stringMatching(/^[0-9]{0,6}$/);
    fc.assert(
      fc.property(fc.integer({ min: -999_999_999, max: 999_999_999 }), fraction, (whole, part) => {
        const plain = part === '' ? String(whole) : `${whole}.${part}`;
        const grouped = String(whole).replace(/\B(?=(?:\d{3})+$)/g, ',') + (part === '' ? '' : `.${part}`);
        const expected = Number(plain) === 0 ? 0 : Number(plain);
        expect(parseNumber(grouped, DOT)).toBe(expected);
        const swapped = grouped.replace(/[.,]/g, (mark) => (mark === '.' ? ',' : '.'));
        expect(parseNumber(swapped, COMMA)).toBe(expected);
      }),
      { seed: 2, numRuns: 2000 },
    );
  });

  it('either keeps all digits of an integer or says that it cannot', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (value) => {
        const read = parseNumber(value.toString(), DOT);
        if (read instanceof Refusal) {
          expect(read.code).toBe('lossy-number');
          expect(written(Number(value))).not.toBe(value);
        } else expect(written(read)).toBe(value);
      }),
      { seed: 3, numRuns: 1000 },
    );
  });

  it('gives a finite number or a reason for any text', () => {
    const unit = fc.constantFrom(
      '0',
      '1',
      '9',
      '.',
      ',',
      ' ',
      '-',
      '+',
      '%',
      '$',
      '€',
      'e',
      'E',
      'U',
      'S',
      'D',
      "'",
      '\u00a0',
      'x',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 14 }), fc.constantFrom(DOT, COMMA), (text, format) => {
        const read = parseNumber(text, format);
        if (!(read instanceof Refusal)) expect(Number.isFinite(read) && !Object.is(read, -0)).toBe(true);
      }),
      { seed: 4, numRuns: 5000 },
    );
  });

  it('answers quickly for huge hostile text', () => {
    for (const text of ['1'.repeat(1e6), `${'1,'.repeat(5e5)}1`, ' '.repeat(1e6), `${'$'.repeat(1e6)}1`])
      expect(parseNumber(text, DOT)).toBeInstanceOf(Refusal);
  });
});
