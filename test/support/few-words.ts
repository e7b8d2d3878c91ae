import { uniform } from '../../src/core/hash.ts';
import type { ContractRecord } from '../../src/testing/contract-input.ts';

/** Names of few words, so that clusters unite and records move between them. */
export function namesOfFewWords(): readonly ContractRecord[] {
  const words = ['red', 'drill', 'lamp', 'steel', 'chair', 'garden'];
  const word = (row: number, n: number): string => words[Math.floor(uniform(n, row) * words.length)]!;
  return Array.from({ length: 300 }, (_, row) => ({
    value: { name: [1, 2, 3, 4].map((n) => word(row, n)).join(' '), [word(row, 5)]: word(row, 6) },
    eventTime: row * 500,
  }));
}
