import { describe, expect, it } from 'vitest';
import { parseCount, parseDuration, parseSize } from '../../src/core/units.ts';

describe('units', () => {
  it.each([
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['365d', 31_536_000_000],
    ['0s', 0],
    ['250ms', 250],
    ['1.5d', 129_600_000],
    ['s', undefined],
    ['10', undefined],
    ['-1s', undefined],
    ['1 s', undefined],
    ['1x', undefined],
  ])('duration %s is %s ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    ['10MiB', 10_485_760],
    ['1.5GB', 1_500_000_000],
    ['512', 512],
    [64, 64],
    [-1, undefined],
    ['1Q', undefined],
    ['constructor', undefined],
  ])('size %s is %s bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each([
    ['1M', 1_000_000],
    ['20k', 20_000],
    [7, 7],
    ['1.5', 2],
    ['M', undefined],
  ])('count %s is %s', (text, count) => {
    expect(parseCount(text)).toBe(count);
  });
});
