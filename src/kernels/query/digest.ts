import { hash } from 'node:crypto';

/** The first 96 bits of a digest, as a table of 32-bit words takes them. */
export type Words = readonly [number, number, number];

export function wordsOf(hex: string): Words {
  const word = (at: number): number => Number.parseInt(hex.slice(at, at + 8), 16) | 0;
  return [word(0), word(8), word(16)];
}

/** 128 bits of SHA-256 as hex: a query is a stranger's text, so two of them must not be made to meet. ≈ 0.5 µs for a short one. */
export function digest128(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32);
}
