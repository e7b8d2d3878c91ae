import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BYTES_PATTERN,
  COUNT_PATTERN,
  DURATION_PATTERN,
  formatDuration,
  parseCount,
  parseDuration,
  parseSize,
  readBytes,
  readCount,
  readDuration,
  readRatio,
} from '../../src/core/units.ts';

describe('durations', () => {
  it.each([
    ['100ms', 100],
    ['30s', 30_000],
    ['5m', 300_000],
    ['1h', 3_600_000],
    ['1d', 86_400_000],
    ['365d', 31_536_000_000],
    ['1.5h', 5_400_000],
    ['1h30m', 5_400_000],
    ['0.1s', 100],
    ['0', 0],
    [0, 0],
    ['0s', 0],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    [30, 'found 30', 'write the unit: 30s'],
    ['30', 'without a unit', 'write 30s'],
    ['5min', 'found "5min"', 'write 5m'],
    ['2 h', 'found "2 h"', 'without spaces: 2h'],
    ['1w', 'found "1w"', '365d'],
    ['-1s', 'found "-1s"', '100ms, 30s'],
    ['', 'found ""', '100ms'],
    [null, 'found null', '100ms'],
    [[], 'found a list', '100ms'],
    ['1e9d', 'found "1e9d"', '100ms'],
    ['99999999999999999d', 'too large', '100ms'],
  ])('%s is refused with a remedy', (text, problem, remedy) => {
    const parsed = readDuration(text);
    expect('problem' in parsed && parsed.problem).toContain(problem);
    expect('problem' in parsed && parsed.remedy).toContain(remedy);
  });

  it('what is printed reads back as the same duration', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e13 }), (ms) => {
        const text = formatDuration(ms);
        expect(text).toMatch(new RegExp(DURATION_PATTERN));
        expect(parseDuration(text)).toBe(ms);
      }),
      { seed: 1 },
    );
  });
});

describe('bytes, counts and ratios', () => {
  it.each([
    ['512B', 512],
    ['5KB', 5_000],
    ['10MiB', 10_485_760],
    ['2GiB', 2_147_483_648],
    ['1.5KiB', 1_536],
    ['1.5GB', 1_500_000_000],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
    expect(text).toMatch(new RegExp(BYTES_PATTERN));
  });

  it.each([
    ['1M', 1_000_000],
    ['20k', 20_000],
    ['1.5k', 1_500],
    ['7', 7],
    [12, 12],
    [1e21, undefined],
    ['3K', undefined],
    ['0.5', undefined],
    [-1, undefined],
    [Number.NaN, undefined],
  ])('the count %s is %s', (text, expected) => {
    const parsed = readCount(text);
    expect('value' in parsed ? parsed.value : undefined).toBe(expected);
    if (expected !== undefined) expect(String(text)).toMatch(new RegExp(COUNT_PATTERN));
  });

  it('a count that is no whole number and a size without unit are refused with words', () => {
    expect(readCount(1.5)).toMatchObject({ problem: expect.stringContaining('whole number') });
    expect(readBytes(1024)).toMatchObject({ remedy: expect.stringContaining('1024B') });
    expect(readBytes('10mb')).toMatchObject({ remedy: expect.stringContaining('10MB') });
    expect(readCount('many')).toMatchObject({ problem: 'expected a count, found "many"' });
    expect([parseCount('many'), parseSize('1Q'), parseSize('constructor'), parseDuration('s')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('a ratio is a share, and percent is answered with the share meant', () => {
    expect(readRatio(0.25)).toEqual({ value: 0.25 });
    expect(readRatio('20%')).toMatchObject({ remedy: expect.stringContaining('0.2') });
    expect(readRatio(20)).toMatchObject({
      problem: expect.stringContaining('found 20'),
      remedy: expect.stringContaining('0.2'),
    });
    expect('problem' in readRatio(-0.1)).toBe(true);
  });
});
