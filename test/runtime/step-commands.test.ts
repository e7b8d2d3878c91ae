import { describe, expect, it } from 'vitest';
import type { StepCommand } from '../../src/runtime/step-commands.ts';
import { TopologyDriver } from '../../src/testing/topology-driver.ts';
import { type LineStep, linePlan } from './plans.ts';

/** Says which commands it was told. */
const listener: LineStep = {
  create: () => ({
    process(records, _time, out) {
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        out.emit(0, records[i]!);
      }
    },
    onTick(tick, out) {
      if (tick.kind === 'command') out.event('test.command', { told: tick.id });
    },
  }),
};

const command = (id: string, step = 's1'): StepCommand => ({ id, step, name: 'rebaseline', args: {} });
const told = (driver: TopologyDriver) => driver.values('events').map((text) => JSON.parse(text));

/** Three records, stopped cleanly; then the commands are given. */
async function given(commands: readonly StepCommand[]): Promise<TopologyDriver> {
  const plan = linePlan([listener, listener]);
  const driver = new TopologyDriver(plan);
  driver.feed('in', ['{"n":1}', '{"n":2}', '{"n":3}']);
  await driver.end();
  return driver.restartWith(plan, { commands });
}

describe('commands', () => {
  it('reach the step they are for, before its next record, and no other', async () => {
    const driver = await given([command('a')]);
    await driver.end();
    expect(told(driver).map(({ source, data }) => [source, data.told])).toEqual([['sluice/line/s1', 'a']]);
  });

  it('of one id are done once, of another id once more', async () => {
    const driver = await given([command('a'), command('b'), command('a')]);
    await driver.end();
    driver.restartWith(linePlan([listener, listener]), { commands: [command('b'), command('c')] });
    driver.feed('in', ['{"n":4}']);
    await driver.end();
    expect(told(driver).map(({ data }) => data.told)).toEqual(['a', 'b', 'c']);
    expect(new Set(told(driver).map(({ id }) => id)).size).toBe(3);
  });

  it('are neither lost nor done twice, wherever the process dies', async () => {
    let died = true;
    for (let nth = 0; died; nth++) {
      const driver = await given([command('a'), command('b')]);
      died = await driver.crashAt(nth);
      await driver.end();
      expect(told(driver).map(({ data }) => data.told)).toEqual(['a', 'b']);
    }
  });

  it('find nothing to change in a task without state', async () => {
    const driver = new TopologyDriver(linePlan([listener, listener]), { run: { commands: [command('a')] } });
    driver.feed('in', ['{"n":1}']);
    await driver.end();
    await driver.end();
    expect(told(driver)).toEqual([]);
  });
});
