/**
 * Broken topology files. `¦` stands before the place that the error must name; then its code, a phrase of what was
 * found or expected, and a phrase of the remedy. Operators are the outlines of literal-operators.ts.
 */
export type Broken = readonly [code: string, text: string, message: string, remedy: string];

interface Parts {
  readonly name?: string;
  readonly input?: string;
  readonly steps?: string;
  readonly output?: string;
  readonly more?: string;
}

/** A good file with some lines replaced or added. */
function file(parts: Parts): string {
  const {
    name = 'name: good',
    input = 'input: { topic: raw, key: [id], eventTime: at }',
    steps = 'steps: [{ id: clean, use: tidy }]',
    output = 'output: { topic: curated }',
    more = '',
  } = parts;
  return `${[name, input, steps, output, more].filter((line) => line !== '').join('\n')}\n`;
}

const name = (line: string) => file({ name: line });
const input = (flow: string) => file({ input: `input: ${flow}` });
const step = (flow: string) => file({ steps: `steps:\n  - ${flow}` });
const steps = (...flows: readonly string[]) =>
  file({ steps: `steps:\n${flows.map((flow) => `  - ${flow}`).join('\n')}` });
const output = (line: string) => file({ output: line });
const more = (line: string) => file({ more: line });

const syntax: readonly Broken[] = [
  ['wrong-value', '¦', 'found an empty file', 'begin with `name:'],
  ['wrong-value', '¦# nothing but a comment\n', 'found an empty file', 'begin with `name:'],
  ['wrong-value', '¦just text', 'found "just text"', 'begin with `name:'],
  ['wrong-value', '¦- a\n- b', 'found a list of 2', 'begin with `name:'],
  ['yaml', 'name: good\nsteps:\n¦\t- id: a', 'ab', 'indent with spaces'],
  ['yaml', 'name: good\ninput: { topic: raw\n¦steps: []', 'end with a }', 'close the bracket above'],
  ['yaml', 'name: good\ndescription: "never closed¦', 'quote', 'close the bracket or quote'],
  ['duplicate-key', file({ more: '¦name: again' }), 'unique', 'keep one'],
  ['duplicate-key', input('{ topic: raw, ¦topic: more }'), 'unique', 'keep one'],
  ['yaml', 'name: one\n¦---\nname: two', 'second document', 'one topology a file'],
  ['yaml', 'name: ¦*nobody', 'no anchor', 'anchor'],
  ['merge-key', 'base: &b { a: 1 }\nname: good\ninput:\n  ¦<<: *b', 'merge key', 'write the keys out'],
  ['yaml', 'name: ¦!!js/function "x"', 'tag', 'remove the tag'],
  ['yaml', 'name: ¦!env HOME', 'tag', 'remove the tag'],
  ['yaml', 'name: ¦@good', 'reserved', 'quote'],
  ['bad-key', 'name: good\n? ¦[a, b]\n: c', 'plain name as key', 'quote'],
  ['yaml', 'name: "a¦\\qb"', 'escape', 'single quotes'],
];

const top: readonly Broken[] = [
  ['missing-key', '¦input: { topic: raw }\nsteps: []\noutput: { topic: out }', '`name` is missing', 'add `name: …`'],
  ['missing-key', '¦name: good\ninput: { topic: raw }\noutput: { topic: out }', '`steps` is missing', 'add `steps: …`'],
  ['missing-key', '¦name: good\nsteps: []\noutput: { topic: out }', '`input` is missing', 'topic: good.raw'],
  ['missing-key', '¦name: good\ninput: { topic: raw }\nsteps: []', 'nothing leaves', 'output: { topic: good.curated }'],
  ['wrong-value', name('name: ¦Good'), 'name: expected a name like', 'write `good`'],
  ['wrong-value', name('name: ¦my films'), 'found "my films"', 'write `my-films`'],
  ['wrong-value', name('name: ¦12'), 'found 12', 'a name like `my-step`'],
  ['wrong-value', name('¦name:'), 'found null', 'a name like'],
  ['wrong-value', name('name: ¦[a]'), 'found a list of 1', 'a name like'],
  ['unknown-key', more('¦stepz: []'), 'unknown key `stepz`', 'did you mean `steps`?'],
  ['unknown-key', more('¦ouputs: {}'), 'unknown key `ouputs`', 'did you mean `outputs`?'],
  ['unknown-key', more('¦quarantin: none'), 'known: name, description, input', 'did you mean `quarantine`?'],
  ['unknown-key', more('¦on_error: stop'), 'unknown key `on_error`', 'did you mean `onError`?'],
  ['unknown-key', more('¦parallelism: 4'), 'unknown key `parallelism`', 'remove it'],
  ['unknown-key', more('¦__proto__: { a: 1 }'), 'unknown key `__proto__`', 'remove it'],
  ['unknown-key', more('¦constructor: x'), 'unknown key `constructor`', 'remove it'],
  ['unknown-key', more('¦"12": x'), 'unknown key `12`', 'remove it'],
  ['wrong-value', more('description: ¦[a]'), 'description: expected a text', 'write a text'],
  ['wrong-value', more('guarantee: ¦exactly_once'), 'found "exactly_once"', 'did you mean `exactly-once`?'],
  ['wrong-value', more('guarantee: ¦maybe'), 'one of exactly-once, at-least-once', 'write one of'],
  ['wrong-value', more('onError: ¦quarantined'), 'found "quarantined"', 'did you mean `quarantine`?'],
  ['wrong-unit', more('commit: { every: ¦2 }'), 'commit.every: expected a duration, found 2', 'write the unit: 2s'],
  ['wrong-unit', more('commit: { every: ¦2sec }'), 'found "2sec"', 'write 2s'],
  ['wrong-unit', more('commit: { records: ¦many }'), 'expected a count, found "many"', '20k, 1M'],
  ['wrong-unit', more('commit: { records: ¦1.5 }'), 'whole number', 'write a whole number'],
  ['unknown-key', more('commit: { ¦evry: 2s }'), 'in commit', 'did you mean `every`?'],
  ['missing-key', more('¦checkpoint: {}'), '`every` is missing in checkpoint', 'add `every: …`'],
  ['wrong-value', more('checkpoint: ¦10s'), 'expected a map with every, found "10s"', 'a map with every'],
  ['wrong-unit', more('idleAfter: ¦forever'), 'expected a duration', '30s, 5m'],
  ['wrong-value', more('seed: ¦-1'), 'a whole number, at least 0', 'at least 0'],
  ['wrong-value', more('seed: ¦1.5'), 'found 1.5', 'a whole number'],
  ['wrong-value', more('restarts: ¦often'), 'found "often"', 'a whole number'],
  ['missing-key', more('¦restarts: { max: 3 }'), '`within` is missing in restarts', 'a duration like'],
  ['wrong-unit', more('limits: { maxHeldBytes: ¦1024 }'), 'expected a size in bytes, found 1024', '1024B'],
  ['wrong-unit', more('limits: { maxHeldBytes: ¦10mb }'), 'found "10mb"', 'write 10MB'],
  ['unknown-key', more('limits: { ¦maxHeld: 1MiB }'), 'unknown key `maxHeld` in limits', 'did you mean'],
  [
    'wrong-value',
    more('redact: ¦email'),
    'redact: expected a list (each the name or path of a field)',
    'write `[email]`',
  ],
  ['wrong-length', more('redact: ¦[]'), 'at least 1 element, found 0', 'a list'],
  ['redact-quarantine', more('¦redact: [email]'), 'quarantined records keep', 'quarantine: { value: redact }'],
  ['wrong-value', more('quarantine: ¦nowhere'), 'found "nowhere"', '`none` or a map with topic, value'],
  ['wrong-value', more('quarantine: { value: ¦keeps }'), 'found "keeps"', 'did you mean `keep`?'],
  ['wrong-value', more('events: { topic: ¦"a b" }'), 'events.topic: expected a topic name', 'write `a-b`'],
  ['wrong-value', more('events: ¦yes please'), 'expected `none` or a map with topic', '`none`'],
  [
    'wrong-value',
    more('breaker: { open: { quarantined: 0.2, over: 1m }, action: ¦diverts }'),
    'breaker.action',
    'did you mean `divert`?',
  ],
  [
    'wrong-unit',
    more('breaker: { open: { quarantined: ¦20, over: 1m }, action: stop }'),
    'a ratio from 0 to 1, found 20',
    '0.2',
  ],
  [
    'missing-key',
    more('breaker: { ¦open: { quarantined: 0.2 }, action: stop }'),
    '`over` is missing in breaker.open',
    'a duration',
  ],
  ['missing-key', more('¦slices: { over: [region] }'), '`against` is missing in slices', 'add `against: …`'],
  ['wrong-value', more('kafka: ¦localhost:9092'), 'kafka: expected a map', 'write a map'],
];

const inputs: readonly Broken[] = [
  ['missing-key', file({ input: '¦input: {}' }), '`topic` is missing in input', 'add `topic: …`, or `topics: […]`'],
  ['two-topics', input('{ topic: a, ¦topics: [b, c] }'), 'both `topic` and `topics`', 'keep `topics`'],
  ['wrong-value', file({ input: 'input: ¦raw' }), 'input: expected a map', 'a map with topic'],
  [
    'wrong-value',
    input('{ topic: ¦"films raw" }'),
    'input.topic: expected a topic name of letters, digits',
    'write `films-raw`',
  ],
  ['wrong-value', input('{ topic: ¦.. }'), 'found ".."', 'a topic name'],
  [
    'wrong-value',
    input('{ topic: raw, format: ¦jsn }'),
    'input.format: expected one of json, csv',
    'did you mean `json`?',
  ],
  ['wrong-value', input('{ topic: raw, format: ¦parquet }'), 'found "parquet"', 'write one of json'],
  ['unknown-format', input('{ topic: raw, format: ¦avro }'), 'format `avro`: needs a registry', 'write json'],
  ['wrong-value', input('{ topic: raw, key: ¦id }'), 'input.key: expected a list', 'write `[id]`'],
  ['repeated-value', input('{ topic: raw, key: [id, ¦id] }'), '"id" is listed twice', 'keep one'],
  ['wrong-value', input('{ topic: raw, key: [¦""] }'), 'expected the name or path of a field', 'the name or path'],
  ['wrong-value', input('{ topic: raw, keyMismatch: ¦ignore }'), 'found "ignore"', 'one of stop, warn'],
  [
    'unknown-key',
    input('{ topic: raw, ¦event_time: at }'),
    'unknown key `event_time` in input',
    'did you mean `eventTime`?',
  ],
  [
    'missing-key',
    input('{ topic: raw, ¦eventTime: { parse: [yyyy] } }'),
    '`field` is missing in input.eventTime',
    'add `field: …`',
  ],
  ['unknown-key', input('{ topic: raw, eventTime: { field: at, ¦pattern: yyyy } }'), 'in input.eventTime', 'remove it'],
  ['wrong-unit', input('{ topic: raw, lateness: ¦1w }'), 'found "1w"', '365d'],
  ['wrong-value', input('{ topic: raw, maxAhead: ¦never }'), 'expected `off` or a duration like', '365d'],
  [
    'needs-explode',
    input('{ topic: raw, ¦batchVerdict: { rejectWhen: { quarantined: 0.5 } } }'),
    'has no `explode`',
    'add `explode',
  ],
  [
    'wrong-unit',
    input('{ topic: raw, explode: true, batchVerdict: { rejectWhen: { quarantined: ¦50% } } }'),
    'found "50%"',
    '0.5',
  ],
  [
    'wrong-format-options',
    input('{ topic: raw, ¦csv: { delimiter: ";" } }'),
    'beside `format: json`',
    'write `format: csv`',
  ],
  [
    'wrong-value',
    input('{ topic: raw, format: csv, csv: { delimiter: ¦";;" } }'),
    'expected one character',
    'one character',
  ],
  [
    'wrong-value',
    input('{ topic: raw, format: csv, csv: { columns: { a: ¦numbr } } }'),
    'input.csv.columns.a',
    'did you mean `number`?',
  ],
  ['wrong-value', input('{ topic: raw, start: ¦begining }'), 'found "begining"', 'earliest, latest'],
  [
    'wrong-value',
    input('{ topic: raw, start: { time: ¦yesterday } }'),
    'expected an instant, found "yesterday"',
    '2026-01-31T00:00:00Z',
  ],
  ['wrong-value', input('{ topic: raw, start: { offsets: { "0": ¦-5 } } }'), 'at least 0', 'a whole number'],
  ['two-inputs', more('¦inputs: [{ name: a, topic: b }]'), 'both `input` and `inputs`', 'move the single input'],
  ['missing-key', file({ input: 'inputs: [¦{ topic: b }]' }), '`name` is missing in inputs[0]', 'add `name: …`'],
  [
    'repeated-name',
    file({ input: 'inputs: [{ name: a, topic: b }, { name: ¦a, topic: c }]' }),
    'two inputs have the name `a`',
    '`a-2`',
  ],
];

const stepRows: readonly Broken[] = [
  ['wrong-value', file({ steps: 'steps: ¦{ id: clean }' }), 'steps: expected a list', 'a list'],
  ['missing-key', step('¦{ use: tidy }'), '`id` is missing in steps[0]', 'a name like'],
  ['missing-key', step('¦{ id: clean }'), '`use` is missing in steps[0]', 'add `use: …`'],
  ['wrong-value', step('¦tidy'), 'steps[0]: expected a map with id, use', 'a map with id, use'],
  ['wrong-value', step('{ id: ¦Clean Up, use: tidy }'), 'found "Clean Up"', 'write `clean-up`'],
  ['repeated-id', steps('{ id: a, use: tidy }', '{ id: ¦a, use: tidy }'), 'used by step 1 already', '`a-2`'],
  ['reserved-id', step('{ id: ¦input, use: tidy }'), 'names an input', 'another id'],
  [
    'unknown-operator',
    step('{ id: a, use: ¦tidi }'),
    'unknown operator `tidi`; known: ballot, once, repair',
    'did you mean `tidy`?',
  ],
  ['unknown-operator', step('{ id: a, use: ¦vote }'), 'unknown operator `vote`; known:', 'use one of these'],
  ['unknown-operator', step('{ id: a, use: ¦__proto__ }'), 'unknown operator `__proto__`', 'use one of these'],
  ['unknown-key', step('{ id: a, use: tidy, ¦config: {} }'), 'unknown key `config` in steps[0]', 'remove it'],
  ['unknown-key', step('{ id: a, use: tidy, ¦form: input }'), 'unknown key `form`', 'did you mean `from`?'],
  [
    'unknown-step',
    steps('{ id: clean, use: tidy }', '{ id: b, use: tidy, from: ¦cleen }'),
    'unknown step `cleen`; known: input, clean',
    'did you mean `clean`?',
  ],
  ['unknown-step', step('{ id: b, use: tidy, from: [input, ¦other] }'), 'unknown step `other`', 'the id of a step'],
  [
    'unknown-port',
    steps('{ id: u, use: once, with: { key: [id] } }', '{ id: b, use: tidy, from: ¦u.duplicate }'),
    'step `u` (once) has no port `duplicate`; its ports: out, duplicates, late',
    'did you mean `u.duplicates`?',
  ],
  [
    'cycle',
    steps('{ id: a, use: tidy, ¦from: b }'.replace('¦from: ', 'from: ¦'), '{ id: b, use: tidy, from: a }'),
    'a reads b reads a',
    'from: input',
  ],
  ['cycle', step('{ id: a, use: tidy, from: ¦a }'), 'a reads a', 'outside the circle'],
  ['wrong-value', step('{ id: a, use: tidy, from: ¦3 }'), 'steps[0].from: expected a text or a list', 'a text'],
  ['wrong-length', step('{ id: a, use: tidy, from: ¦[] }'), 'at least 1 element', 'a list'],
  [
    'reads-two-stages',
    steps('{ id: r, use: repartition, with: { key: [a] } }', '{ id: b, use: tidy, from: ¦[r, input] }'),
    'before and after a repartition',
    'steps of one stage',
  ],
  [
    'unknown-key',
    step('{ id: a, use: tidy, with: { ¦feilds: {} } }'),
    'unknown key `feilds` in steps[0].with',
    'did you mean `fields`?',
  ],
  ['wrong-value', step('{ id: a, use: tidy, with: ¦[] }'), 'steps[0].with: expected a map', 'a map with set'],
  ['wrong-value', step('{ id: a, use: tidy, with: { mode: ¦fix } }'), 'expected one of repair, flag', 'write one of'],
  [
    'wrong-value',
    step('{ id: a, use: tidy, with: { fields: { x: [¦trimm] } } }'),
    'steps[0].with.fields.x[0]',
    'did you mean `trim`?',
  ],
  ['wrong-value', step('{ id: a, use: tidy, with: { fields: { x: ¦trim } } }'), 'expected a list', 'write `[trim]`'],
  [
    'wrong-value',
    step('{ id: a, use: tidy, with: { fields: { x: [{ round: ¦two }] } } }'),
    'round: expected a whole number',
    'at least 0 and at most 12',
  ],
  [
    'unknown-key',
    step('{ id: a, use: tidy, with: { fields: { x: [{ ¦parse-dat: [yyyy] }] } } }'),
    'unknown key `parse-dat`',
    'did you mean `parse-date`?',
  ],
  ['missing-key', step('¦{ id: a, use: sane }'), '`rules` is missing in steps[0].with', 'add `rules: …`'],
  ['wrong-length', step('{ id: a, use: sane, with: { rules: ¦[] } }'), 'at least 1 element', 'a list'],
  ['missing-key', step('{ id: a, use: sane, with: { rules: [¦{ required: true }] } }'), '`field` is missing', 'a text'],
  [
    'wrong-value',
    step('{ id: a, use: sane, with: { rules: [{ field: x, required: ¦"yes" }] } }'),
    'found "yes"',
    'true or false',
  ],
  [
    'wrong-value',
    step('{ id: a, use: sane, with: { rules: [{ field: x, severity: ¦warning }] } }'),
    'error, warn, info',
    'did you mean `warn`?',
  ],
  [
    'wrong-length',
    step('{ id: a, use: sane, with: { rules: [{ field: x, between: ¦[1] }] } }'),
    'at least 2 elements, found 1',
    'a list',
  ],
  [
    'unknown-key',
    step('{ id: a, use: sane, with: { rules: [{ field: x, max: { ¦feild: y } }] } }'),
    'unknown key `feild`',
    'did you mean `field`?',
  ],
  [
    'unknown-key',
    step('{ id: a, use: sane, with: { rules: [{ field: x, ¦requird: true }] } }'),
    'unknown key `requird`',
    'did you mean `required`?',
  ],
  ['missing-key', step('{ id: a, use: once, ¦with: { window: all } }'), '`key` is missing in steps[0].with', 'a list'],
  [
    'wrong-value',
    step('{ id: a, use: once, with: { key: [id], window: ¦alll } }'),
    'found "alll"',
    'did you mean `all`?',
  ],
  [
    'wrong-value',
    step('{ id: a, use: once, with: { key: [id], window: { records: ¦0 } } }'),
    'at least 1',
    'a whole number',
  ],
  [
    'unknown-key',
    step('{ id: a, use: once, with: { key: [id], window: { ¦record: 5 } } }'),
    'unknown key `record`',
    'did you mean `records`?',
  ],
  [
    'needs-repartition',
    file({
      input: 'input: { topics: [a, b], key: [id] }',
      steps: 'steps:\n  - { id: u, use: ¦once, with: { key: [id], window: all } }',
    }),
    'equal keys do not meet',
    'use: repartition, with: { key: [id] }',
  ],
];

const ends: readonly Broken[] = [
  ['missing-key', output('¦output: {}'), '`topic` is missing in output', 'add `topic: …`'],
  ['wrong-value', output('output: ¦curated'), 'found "curated"', '`none` or a map with topic'],
  ['wrong-value', output('output: { topic: out, format: ¦cvs }'), 'found "cvs"', 'did you mean `csv`?'],
  ['wrong-value', output('output: { topic: out, findings: ¦headers }'), 'found "headers"', 'did you mean `header`?'],
  [
    'unknown-key',
    output('output: { topic: out, ¦compresion: gzip }'),
    'unknown key `compresion`',
    'did you mean `compression`?',
  ],
  ['wrong-value', output('output: { topic: out, compression: ¦zip }'), 'output.compression', 'did you mean `gzip`?'],
  ['unknown-step', output('output: { topic: out, from: ¦claen }'), 'unknown step `claen`', 'did you mean `clean`?'],
  ['unknown-step', more('outputs: { ¦cleen.out: x }'), 'unknown step `cleen`', 'did you mean `clean`?'],
  [
    'unknown-port',
    more('outputs: { ¦clean.rejected: x }'),
    'has no port `rejected`; its ports: out',
    'write clean.out',
  ],
  ['wrong-value', more('outputs: { clean.out: ¦3 }'), 'found 3', 'a topic name'],
  ['wrong-value', more('outputs: ¦[a]'), 'outputs: expected a map', 'write a map'],
  [
    'output-conflict',
    more('outputs: { clean.out: ¦{ topic: curated, format: csv } }'),
    'two different sets of options',
    'use two topics',
  ],
  [
    'output-conflict',
    more('outputs: { clean.out: [other, ¦{ topic: curated, certificate: full }] }'),
    'two different sets of options',
    'use two topics',
  ],
  ['topic-role', more('outputs: { clean.out: [other, ¦raw] }'), 'the topic raw is an input and an output', 'use two'],
  ['wrong-value', output('output: { topic: out, certificate: ¦all }'), 'found "all"', 'origin'],
  [
    'own-header',
    output('output: { topic: out, headers: [trace, ¦sluice-origin] }'),
    "sluice-origin is one of Sluice's own",
    'certificate: full',
  ],
  ['topic-role', output('output: { topic: ¦raw }'), 'the topic raw is an input and an output', 'use two topics'],
  ['topic-role', output('output: { topic: ¦good.source.state }'), 'is internal and an output', 'use two topics'],
  ['topic-role', more('quarantine: { topic: ¦curated }'), 'an output and the quarantine', 'use two topics'],
  ['topic-role', more('events: { topic: ¦good.quarantine }'), 'the quarantine and the events topic', 'use two topics'],
  [
    'secret-outside',
    more('description: ¦"$' + '{env:HOME}"'),
    'only in `kafka:` and in fields marked as secret',
    'write the value itself',
  ],
  [
    'secret-outside',
    step('{ id: a, use: tidy, with: { set: [¦"$' + '{file:x}"] } }'),
    'steps[0].with.set[0]',
    'write the value itself',
  ],
  [
    'secret-missing',
    more('kafka: { sasl: { mechanism: plain, username: u, password: ¦"$' + '{env:NOT_SET}" } }'),
    'variable NOT_SET is not set',
    'set NOT_SET',
  ],
  [
    'secret-missing',
    more('kafka: { tls: { ca: ¦"$' + '{file:../../etc/passwd}" } }'),
    'file ../../etc/passwd',
    'below the folder',
  ],
  [
    'secret-missing',
    step('{ id: a, use: tidy, with: { secret: ¦"$' + '{env:NOT_SET}" } }'),
    'NOT_SET is not set',
    'set NOT_SET',
  ],
];

export const BROKEN: readonly Broken[] = [...syntax, ...top, ...inputs, ...stepRows, ...ends];
