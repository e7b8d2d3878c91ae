import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPlan } from '../../src/topology/index.ts';
import type { Plan, SinkPlan, StagePlan } from '../../src/topology/plan.ts';
import { plan } from './literal-operators.ts';

/** Edges of a sink as names, with the fate each gives. */
function sinks(stage: StagePlan): Record<string, readonly string[]> {
  const names = ['input'];
  for (const step of stage.steps) for (const { spec, edge } of step.ports) names[edge] = `${step.id}.${spec.name}`;
  const show = (sink: SinkPlan) => sink.edges.map((edge, i) => `${names[edge]} ${sink.fates[i]}`);
  return Object.fromEntries(stage.sinks.map((sink) => [sink.topic ?? sink.kind, show(sink)]));
}

const source = (made: Plan) => made.stages[0]!;

describe('a chain of steps', () => {
  const made = plan(`
    name: films
    input: { topic: films.raw, key: [id], eventTime: at, lateness: 1m }
    steps:
      - { id: clean, use: tidy, with: { set: [title] } }
      - { id: check, use: sane, with: { rules: [{ field: title, required: true }] } }
      - { id: unique, use: once, with: { key: [id] } }
    output: { topic: films.curated }
    outputs: { unique.duplicates: films.duplicates }
  `);

  it('is one stage in which every step reads the one above', () => {
    expect(made.stages).toHaveLength(1);
    expect(source(made).steps.map((step) => [step.id, step.inputs, step.ports.map((port) => port.edge)])).toEqual([
      ['clean', [0], [1]],
      ['check', [1], [2, 3]],
      ['unique', [2], [4, 5, 6]],
    ]);
    expect(source(made).edgeCount).toBe(7);
  });

  it('sends every edge that no step reads to exactly one kind of place', () => {
    expect(sinks(source(made))).toEqual({
      'films.quarantine': ['check.rejected quarantined'],
      'films.curated': ['unique.out curated'],
      'films.duplicates': ['unique.duplicates duplicate'],
      discard: ['unique.late late'],
    });
  });

  it('fills in the defaults of the file and of the operators', () => {
    expect(made).toMatchObject({
      guarantee: 'exactly-once',
      commit: { records: 20_000 },
      checkpointEveryMs: 10_000,
      onError: 'quarantine',
      eventsTopic: 'films.events',
      quarantineTopic: 'films.quarantine',
      quarantineValue: 'keep',
    });
    expect(source(made).inputs[0]).toMatchObject({
      format: 'json',
      keyMismatch: 'stop',
      latenessMs: 60_000,
      start: 'earliest',
    });
    expect(source(made).steps[0]!.config).toEqual({ set: ['title'], mode: 'repair' });
    expect(source(made).steps[2]!.config).toEqual({ key: ['id'], window: '1h' });
    expect(source(made).steps.map((step) => step.latenessMs)).toEqual([60_000, 60_000, 60_000]);
  });

  it('a field called __proto__ in a configuration is a field like any other', () => {
    const odd = plan(`
      name: odd
      input: { topic: raw }
      steps: [{ id: a, use: tidy, with: { rename: { __proto__: x, b: __proto__ } } }]
      output: { topic: out }
    `);
    const { rename } = source(odd).steps[0]!.config as { rename: object }; // tidy's schema
    expect(Object.entries(rename)).toEqual([
      ['__proto__', 'x'],
      ['b', '__proto__'],
    ]);
  });

  it('is frozen', () => {
    expect(
      Object.isFrozen(made) && Object.isFrozen(source(made).steps) && Object.isFrozen(source(made).sinks[0]!.edges),
    ).toBe(true);
  });
});

describe('edges', () => {
  it('from: reads a port, the input, or a list, and a diamond keeps the order of the file', () => {
    const made = plan(`
      name: diamond
      input: { topic: raw }
      steps:
        - { id: split, use: route, with: { routes: { a: x, b: y } } }
        - { id: left, use: tidy, from: split.a }
        - { id: right, use: tidy, from: split.b }
        - { id: join, use: tidy, from: [right, left, split.out, input] }
      output: { topic: curated }
    `);
    const steps = source(made).steps;
    expect(steps.map((step) => step.id)).toEqual(['split', 'left', 'right', 'join']);
    expect(steps.map((step) => step.inputs)).toEqual([[0], [2], [3], [5, 4, 1, 0]]);
  });

  it('a step may read one that stands below it, and comes after it in the plan', () => {
    const made = plan(`
      name: back
      input: { topic: raw }
      steps:
        - { id: late, use: tidy, from: early }
        - { id: early, use: tidy, from: input }
      output: { topic: curated, from: late }
    `);
    expect(source(made).steps.map((step) => step.id)).toEqual(['early', 'late']);
  });

  it('a rejected port that a step reads does not go to quarantine as well', () => {
    const made = plan(`
      name: second
      input: { topic: raw }
      steps:
        - { id: check, use: sane, with: { rules: [{ field: a }] } }
        - { id: mend, use: tidy, from: check.rejected }
      output: { topic: curated, from: [check, mend] }
    `);
    expect(sinks(source(made))).toEqual({ curated: ['check.out curated', 'mend.out curated'] });
  });

  it('quarantine: none drops with the fate kept, events: none writes none', () => {
    const made = plan(`
      name: lossy
      input: { topic: raw }
      steps: [{ id: check, use: sane, with: { rules: [{ field: a }] } }]
      output: { topic: curated }
      quarantine: none
      events: none
    `);
    expect(sinks(source(made))).toEqual({ curated: ['check.out curated'], discard: ['check.rejected quarantined'] });
    expect([made.quarantineTopic, made.eventsTopic]).toEqual([undefined, undefined]);
    expect(made.warnings.map((warning) => warning.code)).toEqual(['quarantine-none']);
  });

  it('two ports into one topic are one sink, in the order of the steps', () => {
    const made = plan(`
      name: fan
      input: { topic: raw }
      steps: [{ id: split, use: route, with: { routes: { a: x, b: y } } }]
      output: { topic: both }
      outputs: { split.b: both, split.a: both }
    `);
    expect(sinks(source(made))).toEqual({ both: ['split.out curated', 'split.a routed', 'split.b routed'] });
  });

  it('derived records have no fate, and no steps at all is a copy', () => {
    const votes = plan(`
      name: votes
      input: { topic: raw, key: [item] }
      steps: [{ id: agree, use: ballot }]
      output: { topic: truth }
    `);
    expect(sinks(source(votes))).toEqual({ truth: ['agree.out undefined'], discard: ['agree.undecided undefined'] });
    expect(sinks(source(plan('name: copy\ninput: { topic: a }\nsteps: []\noutput: { topic: b }')))).toEqual({
      b: ['input curated'],
    });
  });
});

describe('stages', () => {
  const twoStages = `
    name: cross
    input: { topic: raw, format: csv, lateness: 5s }
    steps:
      - { id: clean, use: tidy }
      - { id: by-item, use: repartition, with: { key: [item] } }
      - { id: agree, use: ballot }
    output: { topic: truth }
  `;

  it('a repartition ends a stage: its records are forwarded by an internal topic that the next one reads', () => {
    const [first, second] = plan(twoStages).stages;
    expect(sinks(first!)).toEqual({ 'cross.by-item.repartition': ['by-item.out forwarded'] });
    expect(first!.sinks[0]).toMatchObject({ role: 'repartition', key: ['item'] });
    expect(second).toMatchObject({ id: 'by-item', onePartition: false, hasState: true });
    expect(second!.inputs).toMatchObject([
      { topics: ['cross.by-item.repartition'], internal: true, key: ['item'], format: 'json', latenessMs: 5_000 },
    ]);
    expect(second!.steps.map((step) => [step.id, step.inputs])).toEqual([['agree', [0]]]);
    expect(second!.requiresOnePartition).toBeUndefined();
  });

  it('several inputs and several topics may meet in a repartition, and must before state by key', () => {
    const text = (before: string) => `
      name: many
      inputs:
        - { name: left, topic: l }
        - { name: right, topic: r, format: csv }
      steps:
        ${before}
        - { id: unique, use: once, with: { key: [id], window: all } }
      output: { topic: out }
    `;
    expect(plan(text('- { id: by-id, use: repartition, with: { key: [id] } }')).stages).toHaveLength(2);
    expect(() => plan(text('- { id: clean, use: tidy }'))).toThrow(/2 topics.*put a repartition before it/);
  });

  it('a step may read one of several inputs, by its own key even without a repartition', () => {
    const made = plan(`
      name: two
      inputs:
        - { name: left, topic: l, key: [id] }
        - { name: right, topic: r }
      steps:
        - { id: unique, use: once, from: left, with: { key: [id], window: all } }
        - { id: clean, use: tidy, from: right }
        - { id: both, use: tidy, from: [unique, clean, input] }
      output: { topic: out }
    `);
    const [select, ...steps] = source(made).steps;
    expect(select).toMatchObject({ id: 'input', inputs: [0], ports: [{ edge: 1 }, { edge: 2 }] });
    expect(select!.ports.map((port) => port.spec.name)).toEqual(['left', 'right']);
    expect(steps.map((step) => [step.id, step.inputs])).toEqual([
      ['unique', [1]],
      ['clean', [2]],
      ['both', [3, 6, 0]],
    ]);
    expect(source(made).requiresOnePartition).toBeUndefined();
  });

  const whole = `
    name: whole
    input: { topic: raw }
    steps:
      - { id: clean, use: tidy }
      - { id: mend, use: repair, with: { scope: topic } }
    output: { topic: out }
  `;

  it('scope topic puts a stage of one partition before the step', () => {
    const [first, second] = plan(whole).stages;
    expect(sinks(first!)).toEqual({ 'whole.mend.repartition': ['clean.out forwarded'] });
    expect(first!.sinks[0]).not.toHaveProperty('key');
    expect(second).toMatchObject({ id: 'mend', onePartition: true });
    expect(second!.steps.map((step) => [step.id, step.inputs])).toEqual([['mend', [0]]]);
  });

  it('on files, where every topic has one partition, no stage is needed for that', () => {
    expect(plan(whole, { onePartition: true }).stages.map((stage) => stage.id)).toEqual(['source']);
  });

  it('a step that reads before and after a repartition is refused', () => {
    expect(() => plan(twoStages.replace('use: ballot', 'use: tidy, from: [by-item, clean]'))).toThrow(
      /t\.yaml:6:\d+: error reads-two-stages: step `agree` reads before and after a repartition \(stages by-item and source\)/,
    );
  });
});

describe('state by key', () => {
  const text = (input: string, steps: string, key = '[id]') => `
    name: keyed
    input: { topic: raw${input} }
    steps:
      ${steps}
      - { id: unique, use: once, with: { key: ${key}, window: all } }
    output: { topic: out }
  `;
  const needs = (made: Plan) =>
    source(made)
      .requiresOnePartition?.map((need) => need.message)
      .join() ?? '';

  it.each([
    ['a declared key that is the step’s key', ', key: [id]', '', '[id]', ''],
    ['a declared key that is a subset of it', ', key: [id]', '', '[id, at]', ''],
    ['a rename on the way', ', key: [ID]', '- { id: clean, use: tidy, with: { rename: { ID: id } } }', '[id]', ''],
    [
      'other fields changed on the way',
      ', key: [id]',
      '- { id: clean, use: tidy, with: { set: [name, idx] } }',
      '[id]',
      '',
    ],
    ['no declared key', '', '', '[id]', 'declares no key'],
    ['a declared key that is more than the step’s', ', key: [id, at]', '', '[id]', 'no subset'],
    [
      'a key changed on the way',
      ', key: [id]',
      '- { id: clean, use: tidy, with: { set: [id] } }',
      '[id]',
      'is changed on the way',
    ],
    [
      'a parent of the key changed',
      ', key: [a.id]',
      '- { id: clean, use: tidy, with: { set: [a] } }',
      '[a.id]',
      'is changed on the way',
    ],
    [
      'another field renamed over the key',
      ', key: [id]',
      '- { id: clean, use: tidy, with: { rename: { x: id } } }',
      '[id]',
      'is changed',
    ],
    [
      'the key renamed away',
      ', key: [id]',
      '- { id: clean, use: tidy, with: { rename: { id: x } } }',
      '[id]',
      '[x] here, is no subset',
    ],
  ])('%s', (_name, input, steps, key, words) => {
    const found = needs(plan(text(input, steps, key)));
    if (words === '') expect(found).toBe('');
    else expect(found).toContain(words);
  });

  it('an input of one partition runs all the same; several are refused with the remedy', () => {
    const made = plan(text('', ''));
    expect(() => checkPlan(made, { timestamps: true, partitions: () => 1 })).not.toThrow();
    expect(() => checkPlan(made, { timestamps: true, partitions: () => undefined })).not.toThrow();
    expect(() => checkPlan(made, { timestamps: true, partitions: () => 4 })).toThrow(
      /t\.yaml:5:\d+: error needs-repartition: .*raw has 4; put a repartition before it: `- { id: by-id, use: repartition, with: { key: \[id\] } }`/,
    );
  });

  it('after a repartition its key counts', () => {
    const made = plan(text('', '- { id: by-id, use: repartition, with: { key: [id] } }'));
    expect(made.stages[1]!.requiresOnePartition).toBeUndefined();
  });
});

describe('time without a clock', () => {
  const text = (input: string, window: string) =>
    `name: timed\ninput: { topic: raw, key: [id]${input} }\nsteps: [{ id: unique, use: once, with: { key: [id], window: ${window} } }]\noutput: { topic: out }`;

  it('a window in time needs eventTime on files, and nothing more on Kafka', () => {
    const made = plan(text('', '5m'));
    expect(made.warnings.map((warning) => warning.code)).toEqual(['needs-clock']);
    expect(() => checkPlan(made, { timestamps: true, partitions: () => 1 })).not.toThrow();
    expect(() => checkPlan(made, { timestamps: false, partitions: () => 1 })).toThrow(
      /t\.yaml:3:61: error no-clock: .*window: { records: N }` or `window: all`/,
    );
  });

  it.each([
    [', eventTime: at', '5m'],
    ['', 'all'],
    ['', '{ records: 5 }'],
  ])('input %s with window %s runs on files', (input, window) => {
    expect(() => checkPlan(plan(text(input, window)), { timestamps: false, partitions: () => 1 })).not.toThrow();
  });
});

describe('hashes', () => {
  const text = (
    changes: Partial<Record<'description' | 'note' | 'field' | 'window' | 'commit' | 'secret', string>> = {},
  ) => `
    name: hashed
    description: ${changes.description ?? 'one'}
    input: { topic: raw, key: [id], eventTime: at }
    steps:
      - { id: clean, use: tidy, with: { set: [${changes.field ?? 'title'}], secret: "${changes.secret ?? 'x'}" } }
      - { id: check, use: sane, with: { rules: [{ field: ${changes.note ?? 'a'} }] } }
      - { id: unique, use: once, with: { key: [id], window: ${changes.window ?? '1h'} } }
    output: { topic: out }
    commit: { every: ${changes.commit ?? '1s'} }
  `;
  const state = (made: Plan) => source(made).steps[2]!.stateHash;

  it('a plan is the same each time', () => {
    expect(JSON.stringify(plan(text()))).toBe(JSON.stringify(plan(text())));
  });

  it('description and timing of commits leave the fingerprint alone; what shapes a run changes it', () => {
    const base = plan(text());
    expect(plan(text({ description: 'two', commit: '9s' })).fingerprint).toBe(base.fingerprint);
    for (const change of [{ note: 'b' }, { field: 'name' }, { window: '2h' }])
      expect(plan(text(change)).fingerprint).not.toBe(base.fingerprint);
  });

  it('a state is named by its step and by the steps that shape its key, not by others', () => {
    const base = plan(text());
    expect(state(plan(text({ note: 'b', field: 'name' })))).toBe(state(base));
    expect(state(plan(text({ window: '2h' })))).not.toBe(state(base));
    expect(state(plan(text({ field: 'id' })))).not.toBe(state(base));
  });

  it('the value of a secret is in no hash', () => {
    const secret = { secret: '$' + '{env:KEY}' };
    const a = plan(text(secret), { env: { KEY: 'one' } });
    const b = plan(text(secret), { env: { KEY: 'two' } });
    expect(a.fingerprint).toBe(b.fingerprint);
    expect(source(a).steps[0]!.config).toMatchObject({ secret: 'one' });
  });

  it('the order of keys in the file does not matter', () => {
    const parts = [
      'name: shuffled',
      'input: { topic: raw, key: [id], eventTime: at, lateness: 1s }',
      'steps: [{ id: unique, use: once, with: { key: [id], window: 1h } }, { id: split, use: route, with: { routes: { a: x } } }]',
      'output: { topic: out, findings: none }',
      'outputs: { split.a: a, unique.late: b, unique.duplicates: c }',
      'quarantine: { topic: q, value: omit }',
      'limits: { maxHeldBytes: 1MiB }',
    ];
    const shuffleInner = (line: string) =>
      line.replace(/outputs: {(.*)}$/, (_all, inner: string) => `outputs: {${inner.split(',').reverse().join(',')}}`);
    const base = plan(parts.join('\n')).fingerprint;
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), fc.boolean(), (shuffled, inner) => {
        const lines = inner ? shuffled.map(shuffleInner) : shuffled;
        expect(plan(lines.join('\n')).fingerprint).toBe(base);
      }),
      { seed: 7, numRuns: 50 },
    );
  });
});
