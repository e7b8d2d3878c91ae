import { describe, expect, it } from 'vitest';
import {
  editDistance,
  isConfirmedMisspelling,
  isMisspelling,
  isMistypedCode,
} from '../../../src/kernels/repair/spelling.ts';

describe('isMisspelling', () => {
  it.each([
    ['birminghxm', 'birmingham'],
    ['brimingham', 'birmingham'],
    ['heart attaxk', 'heart attack'],
    ['surgery patiexts who were taxing', 'surgery patients who were taking'],
  ])('%s is %s', (text, right) => expect(isMisspelling(text, right)).toBe(true));

  it.each([
    ['ak', 'al', 'codes are short'],
    ['Cortland', 'Portland', 'the first letter is another'],
    ['C-141', 'C-141B', 'codes have digits'],
    ['within 24 hours', 'within 48 hours', 'numbers are not misspelt'],
    ['aspirin at arrival', 'aspirin at discharge', 'a word is another one'],
    ['Married-AF-spouse', 'Married-civ-spouse', 'a part is another one'],
    ['Against The Grain', 'Against the Grain', 'case is for clean'],
    ['birmingham', 'birmingham', 'it is the same'],
    ['', 'birmingham', 'nothing is no misspelling'],
  ])('%s is not %s: %s', (text, right) => expect(isMisspelling(text, right)).toBe(false));
});

describe('with a dependency that confirms it', () => {
  it.each([
    ['1xx19', '10019', true],
    ['x00xx', '10011', false],
    ['10018', '10019', false],
    ['702 x maix st', '702 n main st', true],
    ['riverview regional medical center', 'gadsden regional medical center', false],
  ])('%s for %s: %s', (text, right, is) => expect(isConfirmedMisspelling(text, right)).toBe(is));

  it.each([
    ['xl', 'al', true],
    ['yxs', 'yes', true],
    ['x', 'y', false],
    ['no', 'ok', false],
    ['b6', 'b7', false],
  ])('the code %s for %s: %s', (text, right, is) => expect(isMistypedCode(text, right)).toBe(is));
});

/** The textbook table, without a band. */
function plainDistance(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) => Array.from({ length: b.length + 1 }, (_, j) => (i ? 0 : j)));
  for (let i = 1; i <= a.length; i++) {
    d[i]![0] = i;
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      d[i]![j] = Math.min(d[i - 1]![j]! + 1, d[i]![j - 1]! + 1, d[i - 1]![j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        d[i]![j] = Math.min(d[i]![j]!, d[i - 2]![j - 2]! + 1);
    }
  }
  return d[a.length]![b.length]!;
}

describe('editDistance', () => {
  it('agrees with the textbook table wherever the band allows', () => {
    const words = ['', 'a', 'ab', 'ba', 'abc', 'acb', 'kitten', 'sitting', 'saturday', 'sunday', 'abcdef', 'badcfe'];
    for (const a of words)
      for (const b of words)
        for (const most of [0, 1, 2, 3, 8]) {
          const plain = plainDistance(a, b);
          expect(editDistance(a, b, most), `${a} ${b} ${most}`).toBe(plain <= most ? plain : most + 1);
        }
  });
});
