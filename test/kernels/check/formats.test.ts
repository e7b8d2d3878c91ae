import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COUNTRIES, CURRENCIES } from '../../../src/kernels/check/codes.ts';
import { FORMATS, type FormatName } from '../../../src/kernels/check/formats.ts';

describe('FORMATS', () => {
  it.each<[FormatName, string, boolean]>([
    ['email', 'a.b+c@example.co.uk', true],
    ['email', 'a@b', false],
    ['email', 'a@@b.de', false],
    ['email', '.a@b.de', false],
    ['email', 'a..b@c.de', false],
    ['email', 'a b@c.de', false],
    ['email', `${'a'.repeat(65)}@c.de`, false],
    ['email', 'a@-b.de', false],
    ['uuid', '123e4567-e89b-12d3-a456-426614174000', true],
    ['uuid', '123e4567e89b12d3a456426614174000', false],
    ['uri', 'https://example.com/a?b=%20#c', true],
    ['uri', 'urn:isbn:0451450523', true],
    ['uri', 'example.com', false],
    ['uri', 'http://a b', false],
    ['uri', 'http://a/%zz', false],
    ['hostname', 'a-b.example', true],
    ['hostname', 'a_b', false],
    ['hostname', `${'a'.repeat(64)}.de`, false],
    ['time', '23:59:59.5Z', true],
    ['time', '24:00:00', false],
    ['country', 'DE', true],
    ['country', 'UK', false],
    ['currency', 'JPY', true],
    ['currency', 'DEM', false],
  ])('%s of %j is %s', (format, text, expected) => expect(FORMATS[format](text)).toBe(expected));

  it('agrees with the network library on addresses', () => {
    const part = fc.oneof(
      fc.constantFrom('', ':', '::', '.', '0', '255', '256', '01', 'ffff', '12345', 'g', '1.2.3.4', '%'),
      fc.integer({ min: 0, max: 300 }).map(String),
    );
    const address = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.array(part, { maxLength: 10 }).map((parts) => parts.join('')),
      fc.array(fc.constantFrom('1', 'f', '0', '', '1.2.3.4'), { maxLength: 9 }).map((parts) => parts.join(':')),
    );
    fc.assert(
      fc.property(address, (text) => {
        fc.pre(!text.includes('%'));
        expect(FORMATS.ipv4(text)).toBe(isIP(text) === 4);
        expect(FORMATS.ipv6(text)).toBe(isIP(text) === 6);
      }),
      { seed: 17, numRuns: 2000 },
    );
  });

  it('knows the 249 countries and no retired currency', () => {
    expect(COUNTRIES.size).toBe(249);
    for (const old of ['DEM', 'FRF', 'HRK', 'ZWL']) expect(CURRENCIES.has(old)).toBe(false);
  });
});
