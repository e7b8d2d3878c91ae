import { describe, expect, it } from 'vitest';
import { formatIssue } from '../../src/topology/index.ts';
import { lint } from './literal-operators.ts';

const codes = (text: string) =>
  lint(text).map((issue) => `${issue.level} ${issue.code} ${issue.position.line}:${issue.position.column}`);
const around = (steps: string, more = '') => `
  name: wise
  input: { topic: raw, key: [id], eventTime: at }
  steps:
    ${steps
      .trim()
      .split('\n')
      .map((line) => line.trim())
      .join('\n    ')}
  output: { topic: out }
  ${more}
`;

const CHECK = '- { id: check, use: sane, with: { rules: [{ field: x }] } }';
const UNIQUE = '- { id: unique, use: once, with: { key: [id] } }';

describe('lint', () => {
  it('has nothing to say about a wise file', () => {
    expect(lint(around(`${CHECK}\n${UNIQUE}`))).toEqual([]);
  });

  it.each([
    ['dedup before a check', around(`${UNIQUE}\n${CHECK}`), ['warn dedup-before-check 4:11']],
    [
      'dedup and check side by side',
      around(`${UNIQUE}\n${CHECK.replace('use:', 'from: input, use:')}`, 'outputs: { unique.out: u }'),
      [],
    ],
    [
      'a check of the duplicates',
      around(`${UNIQUE}\n${CHECK.replace('use:', 'from: unique.duplicates, use:')}`, 'outputs: { unique.out: u }'),
      [],
    ],
    ['quarantine: none', around(CHECK, 'quarantine: none'), ['warn quarantine-none 6:13']],
    [
      'a step nobody reads',
      around('- { id: a, use: tidy }\n- { id: b, use: tidy, from: input }'),
      ['warn unused-step 4:11'],
    ],
    ['a port nobody reads', around('- { id: a, use: route, with: { routes: { x: y } } }'), ['warn unread-port 4:11']],
    [
      'an input nobody reads',
      around('- { id: a, use: tidy, from: l }').replace(
        /input: .*/,
        'inputs: [{ name: l, topic: x }, { name: r, topic: y }]',
      ),
      ['warn unread-input 2:41'],
    ],
    ['repair without a scope', around('- { id: a, use: repair }'), ['warn scope-not-chosen 4:5']],
    ['repair with a scope', around('- { id: a, use: repair, with: { scope: partition } }'), []],
    ['what an operator warns of', around(CHECK.replace('field: x', 'field: a-b')), ['warn cel-minus 4:54']],
    ['time without a clock', around(UNIQUE).replace(', eventTime: at', ''), ['warn needs-clock 4:30']],
  ])('%s', (_name, text, expected) => {
    expect(codes(text)).toEqual(expected);
  });

  it('shows errors and warnings of every part at once, in file order', () => {
    const found = lint(`
      name: Wrong
      input: { topic: raw, lateness: 5 }
      steps:
        - { id: a, use: tidi }
        - { id: b, use: sane, with: { rules: [{ field: a-b }], more: 1 } }
        - { id: c, use: tidy, from: d }
      output: { topic: "a b" }
      extra: 1
    `).map(formatIssue);
    expect(found.map((line) => line.split(': ').slice(0, 2).join(' '))).toEqual([
      't.yaml:1:7 error wrong-value',
      't.yaml:2:32 error wrong-unit',
      't.yaml:4:19 error unknown-operator',
      't.yaml:5:58 error unknown-key',
      't.yaml:6:31 error unknown-step',
      't.yaml:7:18 error wrong-value',
      't.yaml:8:1 error unknown-key',
    ]);
  });
});
