import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { topologySchema } from '../../src/topology/index.ts';
import { literalOperators, yaml } from './literal-operators.ts';

const schema = topologySchema(literalOperators);
const accepts = new Ajv2020({ strict: false }).compile(schema);
const file = (step: string, more = '') =>
  parseYaml(
    yaml(`
    name: films
    input: { topic: raw }
    steps: [${step}]
    output: { topic: out }
    ${more}
  `),
  );

describe('the JSON Schema for editors', () => {
  it('is plain JSON without our own keywords', () => {
    const text = JSON.stringify(schema);
    expect(JSON.parse(text)).toEqual(schema);
    expect(text).not.toMatch(/"(unit|form)":"/);
  });

  it.each([
    [file('{ id: a, use: tidy, with: { set: [x] } }'), true],
    [file('{ id: a, use: tidy }'), true],
    [file('{ id: a, use: once, with: { key: [x] } }'), true],
    [file('{ id: a, use: once, with: { key: [x], window: 5 } }'), false],
    [file('{ id: a, use: once, with: { set: [x] } }'), false],
    [file('{ id: a, use: nothing }'), false],
    [file('{ id: a, use: tidy, wth: {} }'), false],
    [file('{ id: a, use: tidy }', 'stepz: 1'), false],
    [file('{ id: a, use: tidy }', 'quarantine: { value: omit }'), true],
    [file('{ id: a, use: tidy }', 'commit: { every: 1s, records: 20k }'), true],
    [file('{ id: a, use: tidy }', 'commit: { every: 1 }'), false],
  ])('%j: %s', (value, expected) => {
    expect(accepts(value)).toBe(expected);
  });
});
