import { describe, expect, it } from 'vitest';
import type { CommitReport, RestoreProgress } from '../../src/core/observer.ts';
import { TopologyDriver } from '../../src/testing/topology-driver.ts';
import { planOfText } from '../support/topology.ts';
import { each, type LineStep, linePlan } from './plans.ts';

const rows = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `{"n":${from + i}}`);
const pass = each(() => undefined);

/** Counts the records it has seen, in its state, and says so at the end of the input. */
const counter: LineStep = {
  create: (deps) => {
    let seen = 0;
    const count = each(() => {
      seen++;
      return undefined;
    });
    return {
      ...count.create(deps),
      onTick(tick, out) {
        if (tick.kind === 'end') out.event('test.end', { seen });
        if (tick.kind === 'idle') out.event('test.idle', { time: tick.time });
      },
      checkpoint: () => ({ put: [{ name: 'n', bytes: Uint8Array.of(seen) }], drop: [] }),
      restore: (part) => {
        seen = part.bytes[0]!;
      },
    };
  },
};

const dataOf = (driver: TopologyDriver) => driver.values('events').map((text) => JSON.parse(text));

describe('a task', () => {
  it('does nothing when a finished run is run again, and goes on when its input has grown', async () => {
    const driver = new TopologyDriver(linePlan([counter]));
    driver.feed('in', rows(0, 5));
    const first = await driver.end();
    expect(first).toMatchObject({ in: 5, curated: 5, resumed: false, read: 5 });
    const again = await driver.end();
    expect(again).toMatchObject({ in: 5, curated: 5, resumed: true, read: 0 });
    expect(dataOf(driver).map(({ data }) => data)).toEqual([{ seen: 5 }]);
    driver.feed('in', rows(5, 7));
    expect(await driver.end()).toMatchObject({ in: 7, curated: 7, read: 2 });
    expect(driver.values('out')).toEqual(rows(0, 7));
    expect(dataOf(driver).map(({ data }) => data)).toEqual([{ seen: 5 }, { seen: 7 }]);
    expect(new Set(dataOf(driver).map(({ id }) => id)).size).toBe(2);
  });

  it('tells an idle input how far time has gone, at most once an interval', async () => {
    const plan = linePlan([counter], { plan: { idleAfterMs: 1000 } });
    const driver = new TopologyDriver(plan);
    driver.feed('in', [{ value: '{"n":1}', timestamp: 50_000 }]);
    await driver.advance(3500);
    await driver.pause();
    const times = dataOf(driver).map(({ data }) => data.time);
    expect(times).toHaveLength(3);
    expect(new Set(dataOf(driver).map(({ id }) => id)).size).toBe(3);
    for (const [i, time] of times.entries()) {
      expect(time).toBeGreaterThanOrEqual(50_000 + (i + 1) * 1000);
      expect(time).toBeLessThan(50_000 + (i + 1) * 1000 + 500);
    }
  });

  it('publishes counts only with a commit, and once', async () => {
    const reports: CommitReport[] = [];
    const plan = linePlan([pass], { plan: { commit: { everyMs: 50, records: 10 } } });
    const driver = new TopologyDriver(plan, { cut: 4, observer: { commit: (report) => void reports.push(report) } });
    driver.feed('in', rows(0, 25));
    await driver.crashAt(1, 'commit.begin');
    const before = driver.values('out').length;
    await driver.end();
    expect(reports.reduce((sum, { counts }) => sum + counts.in, 0)).toBe(25);
    expect(before).toBeLessThan(25);
    expect(driver.values('out')).toEqual(rows(0, 25));
  });

  it('commits by records while more than a commit waits, by time when it has caught up', async () => {
    const reports: CommitReport[] = [];
    const plan = { ...linePlan([pass]), commit: { records: 5000 } };
    const observer = { commit: (report: CommitReport) => void reports.push(report) };
    // a poll takes 20 ms, so 100 ms is five frames of 256 records
    const driver = new TopologyDriver(plan, { faults: { delayMs: 40 }, seed: 3, observer });
    driver.feed('in', rows(0, 20_000));
    await driver.end();
    const sizes = reports.map(({ counts }) => counts.in);
    expect(sizes[0]).toBeGreaterThanOrEqual(5000);
    expect(sizes.at(-2)).toBeLessThan(2560);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20_000);
  });

  it.each([10, 0])('goes on reading while a commit is in flight, with %i ms between', async (everyMs) => {
    const reports: CommitReport[] = [];
    const plan = { ...linePlan([pass]), commit: { everyMs, records: 5000 } };
    const observer = { commit: (report: CommitReport) => void reports.push(report) };
    // a poll takes 100 ms and a commit 200
    const driver = new TopologyDriver(plan, { faults: { delayMs: 200 }, seed: 3, observer });
    driver.feed('in', rows(0, 20_000));
    await driver.end();
    expect(reports.reduce((sum, { counts }) => sum + counts.in, 0)).toBe(20_000);
    expect(20_000 / reports.length).toBeGreaterThan(600);
  });

  it('commits what tasks have read at different moments at the same one', async () => {
    const at: number[] = [];
    const observer = { commit: () => void at.push(driver.clock.elapsed()) };
    const plan = linePlan([pass], { plan: { commit: { everyMs: 50, records: 1000 } } });
    const driver: TopologyDriver = new TopologyDriver(plan, { partitions: 2, observer });
    driver.feed('in', rows(0, 1), 0);
    await driver.advance(30);
    expect(at).toEqual([]);
    driver.feed('in', rows(1, 2), 1);
    await driver.advance(50);
    expect(at).toHaveLength(2);
    expect(at[0]).toBe(at[1]);
    expect(at[0]! % 50).toBe(0);
    await driver.pause();
  });

  it('takes its checkpoints in turn with other tasks, none later than the interval after the one before', async () => {
    const at = [0, 1, 2, 3].map((): number[] => []);
    const plan = linePlan([counter], { plan: { commit: { everyMs: 10, records: 1000 }, checkpointEveryMs: 1000 } });
    const observer = {
      commit: ({ task, checkpointBytes }: CommitReport) => {
        if (checkpointBytes !== undefined) at[task.partition]!.push(driver.clock.elapsed());
      },
    };
    const driver: TopologyDriver = new TopologyDriver(plan, { partitions: at.length, observer });
    for (let step = 0; step < 350; step++) {
      for (const partition of at.keys()) driver.feed('in', rows(step, step + 1), partition);
      await driver.advance(10);
    }
    const apart = (times: readonly number[]) => times.slice(1).map((time, i) => time - times[i]!);
    for (const times of at) {
      expect(times.length).toBeGreaterThanOrEqual(4);
      expect(Math.max(...apart(times))).toBeLessThanOrEqual(1010);
    }
    const [first = Number.NaN] = at[0]!;
    const later = at.flat().filter((time) => time > first + 10);
    expect(Math.min(...apart(later.toSorted((a, b) => a - b)))).toBeGreaterThan(100);
    await driver.pause();
  });

  it('takes a checkpoint early when what changed fills what a commit takes along, each task at a size of its own, none within a tenth of the interval', async () => {
    const sizes = [0, 1].map((): number[] => []);
    const times = [0, 1].map((): number[] => []);
    const log: LineStep = {
      create: (deps) => {
        let pending = 0;
        const grow = each(() => {
          pending += 100;
          return undefined;
        });
        return {
          ...grow.create(deps),
          get pendingBytes() {
            return pending;
          },
          checkpoint: () => {
            const bytes = new Uint8Array(pending);
            pending = 0;
            return { put: [{ name: `n${driver.clock.elapsed()}`, bytes }], drop: [] };
          },
          restore: () => {},
        };
      },
    };
    const plan = linePlan([log], { plan: { commit: { everyMs: 10, records: 1000 }, checkpointEveryMs: 1000 } });
    const observer = {
      commit: ({ task, checkpointBytes }: CommitReport) => {
        if (checkpointBytes === undefined) return;
        sizes[task.partition]!.push(checkpointBytes);
        times[task.partition]!.push(driver.clock.elapsed());
      },
    };
    const driver: TopologyDriver = new TopologyDriver(plan, { partitions: 2, observer, checkpointBytes: 20_000 });
    const run = async (steps: number, records: number) => {
      for (const seen of [...sizes, ...times]) seen.length = 0;
      for (let step = 0; step < steps; step++) {
        for (const partition of sizes.keys()) driver.feed('in', rows(step, step + records), partition);
        await driver.advance(10);
      }
    };
    const apart = () => times.flatMap((at) => at.slice(1).map((time, i) => time - at[i]!));
    await run(300, 10); // 1000 bytes each 10 ms: full after 200 ms
    for (const seen of sizes) expect(seen.length).toBeGreaterThan(10);
    expect(Math.max(...sizes.flat())).toBeLessThan(23_000);
    expect(Math.max(...sizes[1]!)).toBeLessThan(17_000);
    await run(100, 100); // full after 20 ms
    expect(Math.max(...apart())).toBeLessThanOrEqual(120);
    expect(apart().filter((ms) => ms < 100).length).toBeLessThanOrEqual(2); // in this second each task has its turn once
    expect(apart().length).toBeGreaterThan(14);
    await run(300, 0);
    await run(300, 1); // full after 2 s: in turn as ever
    expect(Math.min(...apart())).toBeGreaterThan(300);
    await driver.pause();
  });

  it('commits whatever it has read at once when no time is to pass between', async () => {
    const reports: CommitReport[] = [];
    const plan = linePlan([pass], { plan: { commit: { everyMs: 0, records: 1000 } } });
    const observer = { commit: (report: CommitReport) => void reports.push(report) };
    const driver = new TopologyDriver(plan, { cut: 4, observer });
    driver.feed('in', rows(0, 25));
    await driver.end();
    expect(reports.length).toBeGreaterThanOrEqual(6);
    expect(driver.values('out')).toEqual(rows(0, 25));
  });

  it('commits after a second, however much waits', async () => {
    const reports: CommitReport[] = [];
    const plan = { ...linePlan([pass]), commit: { records: 5000 } };
    const observer = { commit: (report: CommitReport) => void reports.push(report) };
    const driver = new TopologyDriver(plan, { faults: { delayMs: 400 }, seed: 3, observer });
    driver.feed('in', rows(0, 20_000));
    await driver.end();
    const sizes = reports.map(({ counts }) => counts.in);
    expect(sizes[0]).toBeGreaterThan(256);
    expect(sizes[0]).toBeLessThan(2560);
  });

  it('quarantines the record an operator fails on, and goes on behind it', async () => {
    const failing = each((_out, record) => {
      if (JSON.stringify(record.data) === '{"n":3}') throw new TypeError('secret content');
      return undefined;
    });
    const driver = new TopologyDriver(linePlan([failing]));
    driver.feed('in', rows(0, 6));
    expect(await driver.end()).toMatchObject({ curated: 5, quarantined: 1, rules: { 'operator-error': 1 } });
    const [line] = driver.lines('bad');
    expect(line).toContain('{"n":3}');
    expect(line).toContain('sluice-step=s0');
    expect(line).not.toContain('secret content');
  });

  it('stops at the first failure with onError: stop, naming the offset', async () => {
    const failing = each((_out, record) => {
      if (record.offset === 3) throw new TypeError('broken');
      return undefined;
    });
    const driver = new TopologyDriver(linePlan([failing], { plan: { onError: 'stop' } }));
    driver.feed('in', rows(0, 6));
    await expect(driver.end()).rejects.toThrow(/s0.*offset 3/);
  });

  it('always stops when the stack is exhausted', async () => {
    const endless = (n: number): number => endless(n + 1) + 1;
    const driver = new TopologyDriver(linePlan([each(() => endless(0) > 0)]));
    driver.feed('in', rows(0, 2));
    await expect(driver.end()).rejects.toMatchObject({ code: 'operator-failed' });
  });

  it('says which record a step lost', async () => {
    const driver = new TopologyDriver(linePlan([each((_out, record) => record.offset !== 2)]));
    driver.feed('in', rows(0, 4));
    await expect(driver.end()).rejects.toThrow(/offset 2/);
  });

  it('survives a batch in which every record fails, in linear time', async () => {
    const driver = new TopologyDriver(
      linePlan(
        [
          each(() => {
            throw new Error('no');
          }),
        ],
        { plan: { commit: { records: 20_000 } } },
      ),
    );
    driver.feed('in', rows(0, 3000));
    expect(await driver.end()).toMatchObject({ quarantined: 3000 });
  });

  it('gives up after as many restarts as the plan allows', async () => {
    const driver = new TopologyDriver(linePlan([pass]), { faults: { failed: 1 } });
    driver.feed('in', rows(0, 4));
    await expect(driver.end()).rejects.toMatchObject({ code: 'unknown-outcome' });
    expect(driver.values('out')).toEqual([]);
  });

  it('that waits to be opened again and is asked to stop ends well', async () => {
    let failures = 0;
    const observer = { taskFailed: () => void failures++ };
    const driver = new TopologyDriver(linePlan([pass]), { faults: { failed: 1 }, observer });
    driver.feed('in', rows(0, 4));
    while (failures === 0) await driver.advance(10);
    expect(await driver.pause()).toMatchObject({ read: 0 });
  });

  it('whose last commit is refused, as another has taken it over, ends well when asked to stop', async () => {
    const plan = linePlan([pass]);
    const driver = new TopologyDriver(plan);
    driver.feed('in', rows(0, 4));
    await driver.advance(200);
    driver.feed('in', rows(4, 6));
    await driver.advance(10);
    driver.cluster.fence({ topology: plan.name, stage: plan.stages[0]!.id, topic: 'in', partition: 0 });
    await driver.pause();
    expect(driver.values('out')).toEqual(rows(0, 4));
    await driver.end();
    expect(driver.values('out')).toEqual(rows(0, 6));
  });
});

describe('how far a task is with its state', () => {
  const told: RestoreProgress[] = [];
  const observer = { taskProgress: (_task: unknown, progress: RestoreProgress) => void told.push(progress) };
  const of = (unit: RestoreProgress['unit']) => told.filter((one) => one.unit === unit);

  it('is told part by part and batch by batch, up to all of it', async () => {
    const plan = linePlan([counter], { plan: { checkpointEveryMs: 1e9 } });
    const driver = new TopologyDriver(plan, { cut: 2, observer });
    driver.feed('in', rows(0, 4));
    await driver.advance(200);
    expect(told).toEqual([]);
    driver.feed('in', rows(4, 10));
    await driver.advance(200);
    await driver.crash();
    await driver.end();
    // the part of the counter and what the runtime remembers
    expect(of('state parts').map(({ done, of }) => `${done}/${of}`)).toEqual(['1/2', '2/2']);
    const again = of('records again');
    const all = again.at(-1)?.of ?? 0;
    expect(all).toBeGreaterThan(2);
    expect(all).toBeLessThanOrEqual(10);
    expect(again.map(({ done }) => done)).toEqual(Array.from({ length: all / 2 }, (_, i) => 2 * (i + 1)));
  });
});

describe('what a task refuses', () => {
  async function crashed() {
    const driver = new TopologyDriver(linePlan([counter], { plan: { checkpointEveryMs: 1e9 } }), { cut: 2 });
    driver.feed('in', rows(0, 4));
    await driver.advance(200);
    driver.feed('in', rows(4, 10));
    await driver.advance(200);
    expect(driver.values('out')).toHaveLength(10);
    await driver.crash();
    return driver;
  }

  it('a changed plan while there is something to replay, and takes it with acceptReplay', async () => {
    const driver = await crashed();
    const changed = linePlan([counter], { plan: { fingerprint: 'f2' } });
    await expect(driver.restartWith(changed).end()).rejects.toThrow(/--accept-replay/);
    const accepted = driver.restartWith(changed, { acceptReplay: true });
    expect(await accepted.end()).toMatchObject({ in: 10, curated: 10 });
    expect(driver.values('out')).toEqual(rows(0, 10));
  });

  it('an operator that does not repeat itself', async () => {
    const driver = await crashed();
    const other = linePlan([
      each((_out, record) => {
        if (record.offset > 1) throw new Error('changed its mind');
        return undefined;
      }),
    ]);
    const same = { ...other, stages: other.stages.map((stage) => ({ ...stage })) };
    await expect(driver.restartWith(same).end()).rejects.toMatchObject({ code: 'state-changed' });
  });

  it('the state of a step that is configured differently, and starts it anew with resetSteps', async () => {
    const driver = new TopologyDriver(linePlan([counter]));
    driver.feed('in', rows(0, 5));
    await driver.advance(200);
    await driver.pause();
    const changed = linePlan([counter], { hash: 'other', plan: { fingerprint: 'f2' } });
    await expect(driver.restartWith(changed).end()).rejects.toThrow(/--reset-state s0/);
    driver.feed('in', rows(5, 7));
    await driver.restartWith(changed, { resetSteps: ['s0'] }).end();
    expect(dataOf(driver).at(-1).data).toEqual({ seen: 2 });
  });

  it('to start a step anew a second time, when its task fails and is opened again', async () => {
    const driver = new TopologyDriver(linePlan([counter]));
    driver.feed('in', rows(0, 5));
    await driver.advance(200);
    await driver.pause();
    driver.restartWith(linePlan([counter]), { resetSteps: ['s0'] });
    driver.feed('in', rows(5, 8));
    await driver.advance(200);
    driver.cluster.faults = { failed: 1 };
    driver.feed('in', rows(8, 10));
    await driver.advance(120);
    driver.cluster.faults = {};
    await driver.end();
    expect(driver.values('out')).toEqual(rows(0, 10));
    expect(dataOf(driver).at(-1).data).toEqual({ seen: 5 });
  });

  it('to keep the memory of a step that is to start anew because its task failed before it committed', async () => {
    const driver = new TopologyDriver(linePlan([counter]));
    driver.feed('in', rows(0, 5));
    await driver.advance(200);
    await driver.pause();
    driver.restartWith(linePlan([counter]), { resetSteps: ['s0'] });
    driver.cluster.faults = { failed: 1 };
    driver.feed('in', rows(5, 8));
    await driver.advance(120);
    driver.cluster.faults = {};
    await driver.end();
    expect(driver.values('out')).toEqual(rows(0, 8));
    expect(dataOf(driver).at(-1).data).toEqual({ seen: 3 });
  });

  it('a topology without the step between two stages, whose records may lie there unread', async () => {
    const text = (between: string) => `name: line
input: { topic: in, format: json }
steps:
  ${between}
  - { id: all, use: filter, with: { where: 'true' } }
output: { topic: out }
`;
    const without = planOfText(text(''));
    const driver = new TopologyDriver(planOfText(text('- { id: by-n, use: repartition, with: { key: [n] } }')));
    driver.feed('in', rows(0, 5));
    await driver.advance(200);
    await driver.pause();
    await expect(driver.restartWith(without).end()).rejects.toMatchObject({ code: 'stage-gone' });
    driver.feed('in', rows(5, 7));
    await driver.restartWith(without, { resetSteps: ['by-n'] }).end();
    await driver.restartWith(without).end();
    expect(driver.values('out')).toEqual(rows(0, 7));
  });

  it('offsets that were set by hand', async () => {
    const driver = new TopologyDriver(linePlan([counter]));
    driver.feed('in', rows(0, 5));
    await driver.advance(200);
    await driver.pause();
    const state = driver.cluster.state('line/source/in/0');
    state.position = 2;
    await expect(driver.end()).rejects.toThrow(/--accept-offsets/);
    state.info = undefined;
    await expect(driver.end()).rejects.toThrow(/--accept-offsets/);
  });

  it('records that were deleted before it could read them', async () => {
    const driver = new TopologyDriver(linePlan([pass]));
    driver.feed('in', rows(0, 5));
    await driver.advance(200);
    await driver.pause();
    driver.feed('in', rows(5, 10));
    driver.cluster.log('in', 0).trim(8);
    await expect(driver.end()).rejects.toMatchObject({ code: 'records-lost' });
  });
});
