import { describe, expect, it } from 'vitest';
import { parseGate } from '../../src/cli/gates.ts';

const input = { counts: { in: 1000, quarantined: 10, duplicate: 0 }, rules: { 'age.min': 3 } };

describe('gates', () => {
  it.each([
    ['quarantined > 1%', false],
    ['quarantined >= 1%', true],
    ['quarantined > 9', true],
    ['quarantined > 10', false],
    ['duplicate < 1', true],
    ['in<=999', false],
    ['rule:age.min', true],
    ['rule:age.min > 3', false],
    ['rule:unseen', false],
  ])('%s: violated is %s', (text, violated) => {
    expect(parseGate(text).violation(input) !== undefined).toBe(violated);
  });

  it('shows the figure that violated it', () => {
    expect(parseGate('quarantined > 0.5%').violation(input)).toContain('10 of 1000 (1.00 %)');
  });

  it('a share of nothing is zero', () => {
    expect(parseGate('quarantined > 1%').violation({ counts: { in: 0 }, rules: {} })).toBeUndefined();
  });

  it.each(['', 'quarantined', 'unknown > 1', 'quarantined > x', 'rule:', 'quarantined > 1% or 2'])(
    '%j is refused with an example',
    (text) => {
      expect(() => parseGate(text)).toThrow(/quarantined > 1%/);
    },
  );
});
