import { Value } from '@sinclair/typebox/value';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Kernel, OperatorLimits } from '../../src/core/operator.ts';
import { attemptHeader } from '../../src/core/outgoing-headers.ts';
import { DataRecord, fixedHeaders, type RecordSource } from '../../src/core/record.ts';
import { type DedupConfig, dedup } from '../../src/operators/dedup.ts';
import { depsOf, Recorder, recordOf, run, type Step } from '../kernels/dedup/harness.ts';

function configOf(config: Partial<DedupConfig>): DedupConfig {
  const full: unknown = Value.Default(dedup.config, { ...config });
  if (!Value.Check(dedup.config, full)) throw new Error(`bad config ${JSON.stringify(config)}`);
  return full as DedupConfig; // checked above
}

function make(config: Partial<DedupConfig>, limits: Partial<OperatorLimits> = {}): () => Kernel {
  return () => dedup.create(configOf(config), depsOf(limits)) as Kernel; // create is synchronous here
}

/** Records with an id, one a second. */
function ids(list: readonly unknown[], everyMs = 1000): Step[] {
  return list.map((id, i) => ({ value: { id, n: i }, time: 1_700_000_000_000 + i * everyMs }));
}

function lines(config: Partial<DedupConfig>, steps: readonly Step[], end = false): string[] {
  return run(make(config), steps, { cut: 3, end }).recorder.lines;
}

describe('dedup', () => {
  it('takes its own example, and fills in every default', () => {
    expect(configOf(dedup.example as Partial<DedupConfig>)).toMatchObject({
      late: 'pass',
      nullKey: 'pass',
      resetTtlOnDuplicate: false,
    });
  });

  it('lets the first record of a key pass and names it in its duplicates', () => {
    expect(lines({ key: ['id'] }, ids(['a', 'b', 'a', 'a', 'c']))).toEqual([
      'out 0',
      'out 1',
      'duplicates 2 of 0',
      'duplicates 3 of 0',
      'out 4',
    ]);
  });

  it('lets the winner pass again when it comes back from quarantine, and no other of its key', () => {
    const cameBack = (offset: number, source: Partial<RecordSource> = {}, index = -1) =>
      new DataRecord({
        source: { topic: 'in', partition: 3, ...source },
        offset,
        index,
        payload: '{"id":"a"}',
        codec: recordOf({}, 0).codec,
        headers: fixedHeaders([attemptHeader(1)]),
      });
    const kernel = make({ key: ['id'], window: 'all' })();
    const out = new Recorder();
    const first = [recordOf({ id: 'a' }, 7), recordOf({ id: 'a' }, 8), recordOf({ id: 'a' }, 7)];
    const back = [
      cameBack(7),
      cameBack(7),
      cameBack(8),
      cameBack(7, { partition: 4 }),
      cameBack(7, { part: 'x' }),
      cameBack(7, {}, 0),
    ];
    const all = [...first, ...back];
    kernel.process(all, new Float64Array(all.length).fill(1e12), out);
    expect(out.lines).toEqual([
      'out 7',
      'duplicates 8 of 7',
      'duplicates 7 of 7',
      'out 7',
      'out 7',
      'duplicates 8 of 7',
      'duplicates 7 of 7',
      'duplicates 7 of 7',
      'duplicates 7 of 7',
    ]);
  });

  it('compares all fields of the key together', () => {
    const steps = [
      { a: 'x', b: 'yz' },
      { a: 'xy', b: 'z' },
      { b: 'yz', a: 'x' },
    ].map((value) => ({ value, time: 0 }));
    expect(lines({ key: ['a', 'b'] }, steps)).toEqual(['out 0', 'out 1', 'duplicates 2 of 0']);
  });

  it('forgets a key one window after it was first met, to the second', () => {
    const at = (seconds: number): Step => ({ value: { id: 'a' }, time: 5_000_000_000_000 + seconds * 1000 });
    expect(lines({ key: ['id'], window: '10s' }, [at(0), at(9), at(10), at(11), at(21), at(22)])).toEqual([
      'out 0',
      'duplicates 1 of 0',
      'duplicates 2 of 0',
      'out 3',
      'duplicates 4 of 3',
      'out 5',
    ]);
  });

  it('starts the window again with resetTtlOnDuplicate', () => {
    const at = (seconds: number): Step => ({ value: { id: 'a' }, time: seconds * 1000 });
    const config = { key: ['id'], window: '10s', resetTtlOnDuplicate: true };
    expect(lines(config, [at(0), at(9), at(18), at(29)])).toEqual([
      'out 0',
      'duplicates 1 of 0',
      'duplicates 2 of 0',
      'out 3',
    ]);
  });

  it('remembers the last N records with { records: N }', () => {
    const steps = ids(['a', 'a', 'b', 'a', 'a', 'c', 'd', 'a']).map((step) => ({ ...step, time: Number.NaN }));
    expect(lines({ key: ['id'], window: { records: 3 } }, steps)).toEqual([
      'out 0',
      'duplicates 1 of 0',
      'out 2',
      'duplicates 3 of 0',
      'out 4',
      'out 5',
      'out 6',
      'duplicates 7 of 4',
    ]);
  });

  it.each(['0s', { records: 0 }] as const)('lets everything pass with a window of %s', (window) => {
    expect(lines({ key: ['id'], window }, ids(['a', 'a', 'a']))).toEqual(['out 0', 'out 1', 'out 2']);
  });

  it('keeps keys met before the clock starts as long as if they were met then', () => {
    const steps: Step[] = [Number.NaN, Number.NaN, 100_000, 110_000, 111_000].map((time) => ({
      value: { id: 1 },
      time,
    }));
    expect(lines({ key: ['id'], window: '10s' }, steps)).toEqual([
      'out 0',
      'duplicates 1 of 0',
      'duplicates 2 of 0',
      'duplicates 3 of 0',
      'out 4',
    ]);
  });

  it('takes equal payloads for duplicates without a key, whatever the order of properties', () => {
    const steps = ['{"a":1,"b":[2]}', '{ "b": [2], "a": 1.0 }', '{"a":1,"b":[2],"at":5}'].map((value) => ({
      value,
      time: 0,
    }));
    expect(lines({}, steps)).toEqual(['out 0', 'duplicates 1 of 0', 'out 2']);
    expect(lines({ ignore: ['at'] }, steps)).toEqual(['out 0', 'duplicates 1 of 0', 'duplicates 2 of 0']);
  });

  it('tells apart long numbers that JavaScript would round to one', () => {
    const steps = [
      '9007199254740993',
      '9007199254740992',
      '9007199254740993.0',
      '90071992547409930e-1',
      '1e400',
      '2e400',
    ].map((id) => ({ value: `{"id":${id}}`, time: 0 }));
    const expected = ['out 0', 'out 1', 'duplicates 2 of 0', 'duplicates 3 of 0', 'out 4', 'out 5'];
    expect(lines({ key: ['id'] }, steps)).toEqual(expected);
    expect(lines({}, steps)).toEqual(expected);
  });

  it.each([
    ['trim', ' a', 'a '],
    ['nfc', 'e\u0301', '\u00e9'],
    ['nfkc', '\ufb01', 'fi'],
    ['case-fold', 'STRASSE', 'straße'],
    ['numeric', '1.0', 1],
    ['zero', 0, -0],
    ['date-utc', '2026-01-01T01:00:00+01:00', '2026-01-01T00:00:00Z'],
    ['date-utc', '2026-01-01', '2026-01-01T00:00:00.000Z'],
  ] as const)('%s makes %j equal %j, and nothing does so by default', (name, a, b) => {
    const steps = [a, b].map((id) => ({ value: Object.is(id, -0) ? '{"id":-0}' : { id }, time: 0 }));
    expect(lines({ key: ['id'] }, steps)).toEqual(['out 0', 'out 1']);
    expect(lines({ key: ['id'], normalize: [name] }, steps)).toEqual(['out 0', 'duplicates 1 of 0']);
    expect(lines({ key: ['id'], normalize: { id: [name] } }, steps)).toEqual(['out 0', 'duplicates 1 of 0']);
  });

  it.each([
    ['pass', ['out 0', 'out 1', 'out 2']],
    ['reject', ['rejected 0', 'rejected 1', 'rejected 2']],
    ['value', ['out 0', 'duplicates 1 of 0', 'out 2']],
  ] as const)('nullKey: %s', (nullKey, expected) => {
    const steps = [{ id: null }, { id: null }, {}].map((value) => ({ value, time: 0 }));
    expect(lines({ key: ['id'], nullKey }, steps)).toEqual(expected);
  });

  it.each([
    ['pass', 'out 1'],
    ['late', 'late 1'],
    ['reject', 'rejected 1'],
  ] as const)('late: %s for a record older than the window whose key is not known', (late, expected) => {
    const time = 1_000_000;
    const steps: Step[] = [
      { value: { id: 'a' }, time },
      { value: { id: 'b' }, time, eventTime: time - 10_001 },
      { value: { id: 'a' }, time, eventTime: time - 10_001 },
      { value: { id: 'c' }, time, eventTime: time - 10_000 },
    ];
    expect(lines({ key: ['id'], window: '10s', late }, steps)).toEqual([
      'out 0',
      expected,
      'duplicates 2 of 0',
      'out 3',
    ]);
  });

  it('leaves the state alone when a record cannot be decoded', () => {
    const steps = ids(['a', 'b']);
    const bad = { value: '{"id":', time: steps[0]!.time };
    const kernel = make({ key: ['id'], window: { records: 1 } })();
    expect(() => run(() => kernel, [steps[0]!, bad], { cut: 9 })).toThrow();
    expect(run(() => kernel, [steps[0]!], { cut: 9 }).recorder.lines).toEqual(['duplicates 0 of 0']);
  });

  it('forgets the oldest keys at maxKeys, with an alarm, and the same ones after a restart', () => {
    const steps = ids(Array.from({ length: 400 }, (_, i) => i % 250));
    const whole = run(make({ key: ['id'], window: '1h', maxKeys: 100 }), steps, { cut: 50 });
    expect(whole.recorder.events.length).toBeGreaterThan(0);
    expect(whole.recorder.events[0]).toMatchObject({ type: 'state.evicted', data: { bound: 'maxKeys 100' } });
    expect(whole.kernel.stats!().entries).toBeLessThanOrEqual(100);
    const restarts = new Set([7, 99, 120, 250, 333]);
    const cut = run(make({ key: ['id'], window: '1h', maxKeys: 100 }), steps, { cut: 17, restarts });
    expect(cut.recorder.lines).toEqual(whole.recorder.lines);
    expect(cut.recorder.events).toEqual(whole.recorder.events);
  });

  it('needs a clock for a window in time only', () => {
    expect(dedup.needsClock!(configOf({ key: ['id'] }))).toEqual(['window']);
    for (const window of ['all', { records: 5 }, '0s'] as const)
      expect(dedup.needsClock!(configOf({ key: ['id'], window }))).toBeUndefined();
  });

  it.each([
    [{ key: ['id'], ignore: ['a'] }, 'dedup-ignore-with-key'],
    [{ scope: 'key' as const }, 'dedup-scope-without-key'],
    [{ key: ['id'], normalize: { other: ['trim' as const] } }, 'dedup-normalize-field'],
    [{ key: ['id'], keep: 'last' as const, window: 'all' }, 'dedup-holds-all'],
  ])('finds fault with %j', (config, code) => {
    expect(dedup.validate!(configOf(config)).map((issue) => issue.code)).toContain(code);
  });
});

describe('dedup that holds', () => {
  const at = (id: string, seconds: number, version?: unknown): Step => ({
    value: { id, version },
    time: seconds * 1000,
  });

  it('lets the last record pass when the window closes, before the record that closes it', () => {
    const steps = [at('a', 0), at('b', 1), at('a', 5), at('c', 11), at('a', 12)];
    expect(lines({ key: ['id'], window: '10s', keep: 'last' }, steps, true)).toEqual([
      'absorb held',
      'absorb held',
      'absorb held',
      'release 0',
      'duplicates 0 of 2',
      'release 2',
      'out 2',
      'absorb held',
      'release 1',
      'out 1',
      'absorb held',
      'release 3',
      'out 3',
      'release 4',
      'out 4',
    ]);
  });

  it.each([
    ['last', 'out 1'],
    ['first', 'out 2'],
  ] as const)('keep: %s by sequence, not by arrival', (keep, winner) => {
    const steps = [at('a', 0, 5), at('a', 1, 9), at('a', 2, 1), at('a', 3, 9), at('a', 4, 1)];
    const seen = lines({ key: ['id'], window: '10s', keep, sequence: 'version' }, steps, true);
    // ties go by position: the later 9 wins for `last`, the earlier 1 for `first`
    expect(seen.at(-1)).toBe(keep === 'last' ? 'out 3' : winner);
    expect(seen.filter((line) => line.startsWith('duplicates'))).toHaveLength(4);
  });

  it('closes windows early, with an alarm, when too much is held', () => {
    const steps = Array.from({ length: 50 }, (_, i) => at(`k${i}`, 0));
    const { recorder, kernel } = run(make({ key: ['id'], keep: 'last' }, { maxHeldBytes: 5000 }), steps, { cut: 9 });
    expect(kernel.stats!().bytes).toBeLessThanOrEqual(5000);
    expect(recorder.events.at(-1)).toMatchObject({ type: 'state.evicted', data: { bound: 'maxHeldBytes 5000' } });
    expect(recorder.lines).toContain('out 0');
  });
});

describe('laws of dedup', () => {
  const keys = fc.array(fc.record({ id: fc.integer({ min: 0, max: 12 }), gap: fc.integer({ min: 0, max: 4000 }) }), {
    minLength: 1,
    maxLength: 120,
  });
  const windows = fc.constantFrom<DedupConfig['window']>('5s', '20s', { records: 4 }, { records: 30 }, 'all');
  const stepsOf = (list: readonly { id: number; gap: number }[]): Step[] => {
    let time = 1_000_000;
    return list.map(({ id, gap }) => {
      time += gap;
      return { value: { id, sequence: (id * 7 + gap) % 5 }, time };
    });
  };
  const setup = fc.record({
    list: keys,
    window: windows,
    cut: fc.constantFrom(1, 7, 500),
    restarts: fc.uniqueArray(fc.integer({ min: 0, max: 119 }), { maxLength: 60 }),
    reset: fc.boolean(),
  });

  it('agrees with a Map under the same clock, whatever the cuts and restarts', () => {
    fc.assert(
      fc.property(setup, ({ list, window, cut, restarts, reset }) => {
        const steps = stepsOf(list);
        const config = { key: ['id'], window, resetTtlOnDuplicate: reset };
        const { recorder } = run(make(config), steps, { cut, restarts: new Set(restarts) });
        expect(recorder.lines).toEqual(model(steps, window, reset));
      }),
      { seed: 51, numRuns: 300 },
    );
  });

  it.each(['first', 'last'] as const)('held records (keep: %s) are the same whatever the cuts and restarts', (keep) => {
    fc.assert(
      fc.property(setup, ({ list, window, cut, restarts, reset }) => {
        const steps = stepsOf(list);
        const config = { key: ['id'], window, keep, sequence: 'sequence', resetTtlOnDuplicate: reset };
        const whole = run(make(config), steps, { cut: 1000, end: true }).recorder.lines;
        const parts = run(make(config), steps, { cut, restarts: new Set(restarts), end: true }).recorder.lines;
        expect(parts).toEqual(whole);
        const left = whole.filter((line) => /^(out|duplicates)/.test(line)).length;
        expect(left).toBe(steps.length);
      }),
      { seed: 52, numRuns: 200 },
    );
  });

  it('deduplicating twice changes nothing, and a stream appended to itself adds nothing', () => {
    fc.assert(
      fc.property(keys, (list) => {
        const steps = stepsOf(list);
        const kept = (input: readonly Step[]): Step[] =>
          lines({ key: ['id'], window: 'all' }, input)
            .filter((line) => line.startsWith('out'))
            .map((line) => input[Number(line.slice(4))]!);
        const once = kept(steps);
        expect(kept(once)).toEqual(once);
        expect(kept([...steps, ...steps])).toEqual(once);
      }),
      { seed: 53, numRuns: 100 },
    );
  });
});

/** The same rule over a Map and whole seconds. */
function model(steps: readonly Step[], window: DedupConfig['window'], reset: boolean): string[] {
  const met = new Map<string, { end: number; first: number }>();
  return steps.map((step, i) => {
    const key = JSON.stringify((step.value as { id: unknown }).id);
    const now = typeof window === 'object' ? i : Math.floor(step.time / 1000);
    const span =
      window === 'all' ? Infinity : typeof window === 'object' ? Number(window.records) : Number.parseInt(window, 10);
    const known = met.get(key);
    if (known === undefined || known.end < now) {
      met.set(key, { end: now + span, first: i });
      return `out ${i}`;
    }
    if (reset) known.end = now + span;
    return `duplicates ${i} of ${known.first}`;
  });
}
