import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, canonicalJsonWithout } from '../../../src/kernels/canonical-json/canonical-json.ts';
import { describeWithData } from '../../data.ts';

describeWithData('RFC 8785 vectors', 'query/jcs-rfc8785', (folder) => {
  it.each(readdirSync(join(folder, 'input')))('%s gives the published bytes', (file) => {
    const value: unknown = JSON.parse(readFileSync(join(folder, 'input', file), 'utf8'));
    const hex = readFileSync(join(folder, 'outhex', file.replace('.json', '.txt')), 'utf8').replace(/\s+/g, '');
    expect(Buffer.from(canonicalJson(value), 'utf8').toString('hex')).toBe(hex.toLowerCase());
  });
});

describe('canonical JSON', () => {
  it('is the one of the docstring', () => {
    expect(canonicalJson({ b: 1.0, a: 'é' })).toBe('{"a":"é","b":1}');
  });

  it('agrees with an independent implementation on any JSON value', () => {
    const well = fc.jsonValue().filter((value) => JSON.stringify(value).isWellFormed());
    fc.assert(
      fc.property(well, (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
      { seed: 11, numRuns: 500 },
    );
  });

  it('does not depend on the order in which properties were written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 4 }), fc.integer()), (object) => {
        const turned = Object.fromEntries(Object.entries(object).reverse());
        expect(canonicalJson(turned)).toBe(canonicalJson(object));
      }),
      { seed: 12 },
    );
  });

  it('sorts by UTF-16 units, not by code points', () => {
    expect(canonicalJson({ '\u{1F600}': 1, '\uFB33': 2 })).toBe('{"\u{1F600}":1,"\uFB33":2}');
  });

  it('keeps an own property named __proto__', () => {
    expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":-0}}'))).toBe('{"__proto__":{"a":0},"b":1}');
  });

  it.each([
    ['NaN', Number.NaN],
    ['an infinity', Number.NEGATIVE_INFINITY],
    ['a lone surrogate', ['\ud800']],
    ['a lone surrogate in a name', { '\udfff': 1 }],
    ['a function', { f: () => 1 }],
    ['endless nesting', JSON.parse('['.repeat(1200) + ']'.repeat(1200))],
  ])('refuses %s', (_, value) => {
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ code: 'not-canonical' }));
  });

  it('leaves out ignored properties of the outermost object only', () => {
    const value = { id: 1, at: 'now', inner: { at: 'kept' } };
    expect(canonicalJsonWithout(value, new Set(['at']))).toBe('{"id":1,"inner":{"at":"kept"}}');
  });
});
