import { expect, it } from 'vitest';
import { DedupState } from '../../../src/kernels/dedup/dedup-state.ts';
import { recordOf } from './harness.ts';

const WINDOW = { kind: 'records', records: 100_000 } as const;
const KEYS = 500;

function fresh(): DedupState {
  return new DedupState({ window: WINDOW, maxKeys: 1e6, seed: Uint32Array.of(1, 2, 3, 4) });
}

it('knows every key again from parts that are views of larger Buffers, as a broker reads them', () => {
  const first = fresh();
  for (let i = 1; i <= KEYS; i++) {
    first.tick(Number.NaN);
    expect(first.has(i, i * 7, i * 13)).toBe(false);
    first.claim(recordOf({}, i));
  }
  const second = fresh();
  for (const { name, bytes } of first.checkpoint().put.toReversed()) {
    const larger = Buffer.concat([Buffer.alloc(33, 255), bytes, Buffer.alloc(9, 255)]);
    second.restore({ name, bytes: larger.subarray(33, 33 + bytes.length) });
  }
  second.tick(Number.NaN);
  let known = 0;
  for (let i = 1; i <= KEYS; i++) if (second.has(i, i * 7, i * 13)) known++;
  expect(known).toBe(KEYS);
});
