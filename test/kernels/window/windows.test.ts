import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type WindowOptions, type WindowSpec, Windows } from '../../../src/kernels/window/windows.ts';

function windowsOf(spec: WindowSpec, options: Partial<WindowOptions<number[]>> = {}) {
  const closed: string[] = [];
  const windows = new Windows<number[]>({
    spec,
    lateness: 0,
    create: () => [],
    merge: (a, b) => [...a, ...b],
    close: ({ start, end, value }) => closed.push(`${start}-${end}: ${value.join(' ')}`),
    ...options,
  });
  /** Positions are times; now is their running maximum. */
  const feed = (...positions: number[]): void => {
    for (const position of positions) {
      windows.advance(position);
      windows.add(position, (value) => [...value, position]);
    }
  };
  return { windows, closed, feed };
}

describe('windows', () => {
  it('tumbling: closes a window when now reaches its end, as the docstring says', () => {
    const { windows, closed, feed } = windowsOf({ kind: 'tumbling', size: 10 });
    feed(1, 9, 12);
    expect(closed).toEqual(['0-10: 1 9']);
    windows.flush();
    expect(closed).toEqual(['0-10: 1 9', '10-20: 12']);
  });

  it('takes records behind now until lateness is over, then counts them as late', () => {
    const { windows, closed, feed } = windowsOf({ kind: 'tumbling', size: 10 }, { lateness: 5 });
    feed(1, 14, 3, 15, 4);
    expect(closed).toEqual(['0-10: 1 3']);
    expect(windows.late).toBe(1);
  });

  it('sliding: a record stands in every window over it', () => {
    const { windows, closed, feed } = windowsOf({ kind: 'sliding', size: 10, every: 5 });
    feed(1, 7, 12);
    windows.flush();
    expect(closed).toEqual(['-5-5: 1', '0-10: 1 7', '5-15: 7 12', '10-20: 12']);
  });

  it('session: ends a gap after its last record, and a record between two makes them one', () => {
    const { windows, closed, feed } = windowsOf({ kind: 'session', gap: 10 }, { lateness: 100 });
    feed(0, 30, 15, 9, 50, 24, 60);
    windows.flush();
    // 0 and 9 lie less than 10 apart; 15 joins them; 24 joins 15 and 30; 50 stands alone, 60 is a whole gap behind it
    expect(closed).toEqual(['0-40: 0 15 9 30 24', '50-60: 50', '60-70: 60']);
  });

  it('counts windows of records by their numbers', () => {
    const { closed, feed } = windowsOf({ kind: 'tumbling', size: 3 });
    feed(0, 1, 2, 3, 4, 5, 6);
    expect(closed).toEqual(['0-3: 0 1 2', '3-6: 3 4 5']);
  });

  it('closes nothing before the clock starts, and a record without a time is late', () => {
    const { windows, closed } = windowsOf({ kind: 'tumbling', size: 10 });
    windows.advance(Number.NaN);
    expect(windows.add(5, (value) => value)).toBe(true);
    expect(windows.add(Number.NaN, (value) => value)).toBe(false);
    expect(closed).toEqual([]);
    expect(windows.late).toBe(1);
  });

  it('closes the first window early when too many are open, and it does not open again', () => {
    const { windows, closed, feed } = windowsOf({ kind: 'tumbling', size: 10 }, { lateness: 1e9, maxOpen: 2 });
    feed(5, 15, 25, 6);
    expect(closed).toEqual(['0-10: 5']);
    expect([windows.evicted, windows.late, windows.openCount]).toEqual([1, 1, 2]);
  });

  it.each([
    { kind: 'tumbling', size: 0 },
    { kind: 'sliding', size: 10, every: -1 },
    { kind: 'session', gap: Number.NaN },
    { kind: 'sliding', size: 1e6, every: 1 },
  ] as const)('refuses %j', (spec) => {
    expect(() => windowsOf(spec)).toThrow(RangeError);
  });
});

describe('laws of windows', () => {
  const specs = fc.constantFrom<WindowSpec>(
    { kind: 'tumbling', size: 7 },
    { kind: 'sliding', size: 9, every: 4 },
    { kind: 'sliding', size: 3, every: 5 },
    { kind: 'session', gap: 4 },
  );
  const positions = fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 60 });

  it('a checkpoint anywhere changes nothing', () => {
    fc.assert(
      fc.property(specs, positions, fc.nat({ max: 60 }), fc.nat({ max: 20 }), (spec, list, cut, lateness) => {
        const whole = windowsOf(spec, { lateness });
        whole.feed(...list);
        whole.windows.flush();
        const first = windowsOf(spec, { lateness });
        first.feed(...list.slice(0, cut));
        const second = windowsOf(spec, { lateness });
        const saved = JSON.parse(JSON.stringify(first.windows.save((value) => value)));
        second.windows.restore(saved, (json) => json as number[]);
        second.feed(...list.slice(cut));
        second.windows.flush();
        expect([...first.closed, ...second.closed]).toEqual(whole.closed);
        expect(second.windows.late).toBe(whole.windows.late);
      }),
      { seed: 61, numRuns: 400 },
    );
  });

  it('without lateness to fear, each record stands in the windows that cover it and in no other', () => {
    fc.assert(
      fc.property(positions, (list) => {
        const spec = { kind: 'sliding', size: 9, every: 4 } as const;
        const { windows, closed, feed } = windowsOf(spec, { lateness: 100 });
        feed(...list);
        windows.flush();
        const expected: string[] = [];
        for (let start = -8; start <= 60; start += 4) {
          const inside = list.filter((position) => position >= start && position < start + 9);
          if (inside.length > 0) expected.push(`${start}-${start + 9}: ${inside.join(' ')}`);
        }
        expect(closed).toEqual(expected);
      }),
      { seed: 62, numRuns: 200 },
    );
  });

  it('sessions are the runs of the sorted positions, in whatever order they come', () => {
    fc.assert(
      fc.property(positions, (list) => {
        const spans: string[] = [];
        const windows = new Windows<null>({
          spec: { kind: 'session', gap: 4 },
          lateness: 1000,
          create: () => null,
          merge: () => null,
          close: ({ start, end, records }) => spans.push(`${start}-${end}: ${records}`),
        });
        for (const position of list) windows.add(position, () => null);
        windows.flush();
        expect(spans).toEqual(runsOf(list, 4));
      }),
      { seed: 63, numRuns: 300 },
    );
  });
});

function runsOf(list: readonly number[], gap: number): string[] {
  const runs: number[][] = [];
  for (const position of [...list].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && position - run.at(-1)! < gap) run.push(position);
    else runs.push([position]);
  }
  return runs.map((run) => `${run[0]}-${run.at(-1)! + gap}: ${run.length}`);
}
