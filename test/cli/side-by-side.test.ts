import { describe, expect, it } from 'vitest';
import { checkSideBySide } from '../../src/cli/side-by-side.ts';
import { planOfText } from '../support/topology.ts';

const plan = (name: string, input: string, output: string) =>
  planOfText(`name: ${name}
input: { topic: ${input}, format: json }
steps:
  - { id: s, use: filter, with: { where: 'true' } }
output: { topic: ${output} }
`);
const files = { local: 'out', topic: [], resetState: [] };
const kafka = { topic: [], resetState: [] };
const pair = [plan('a', 'in', 'x'), plan('b', 'in', 'y')];

describe('topologies side by side', () => {
  it('are refused with one name', () => {
    const twins = [plan('a', 'in', 'x'), plan('a', 'in', 'y')];
    expect(() => checkSideBySide(twins, kafka)).toThrow('two of the topologies are called a');
  });

  it('write different files, and any topics', () => {
    const same = [plan('a', 'in', 'x'), plan('b', 'in', 'x')];
    expect(() => checkSideBySide(same, files)).toThrow('a and b both write x');
    expect(() => checkSideBySide(same, kafka)).not.toThrow();
  });

  it('do not read a file that another writes, by whatever way it is named', () => {
    const chain = [plan('b', 'x', 'y'), plan('a', 'in', 'x')];
    expect(() => checkSideBySide(chain, files)).toThrow('b reads x, which a writes');
    expect(() => checkSideBySide(chain, { ...files, topic: ['x=elsewhere.ndjson'] })).not.toThrow();
    const renamed = [plan('b', 'z', 'y'), plan('a', 'in', 'x')];
    expect(() => checkSideBySide(renamed, { ...files, topic: ['z=./out/../out/x.ndjson'] })).toThrow(
      'b reads z, which a writes',
    );
    expect(() => checkSideBySide(chain, kafka)).not.toThrow();
  });

  it('may read one file both', () => {
    expect(() => checkSideBySide(pair, files)).not.toThrow();
  });

  it('take no flag that is about one of them', () => {
    expect(() => checkSideBySide(pair, { ...files, report: 'r.html' })).toThrow('--report');
    expect(() => checkSideBySide(pair, { ...kafka, resetState: ['s'] })).toThrow('--reset-state s');
    expect(() => checkSideBySide(pair, { ...kafka, rebaseline: ['s/x@now'] })).toThrow('--rebaseline s/x@now');
    expect(() =>
      checkSideBySide([plan('a', 'in', 'x')], { ...files, report: 'r.html', resetState: ['s'] }),
    ).not.toThrow();
  });
});
