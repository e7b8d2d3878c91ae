import { describe, expect, it } from 'vitest';
import { Progress, type Terminal } from '../../src/cli/progress.ts';
import type { CommitReport } from '../../src/core/observer.ts';
import { emptyCounts } from '../../src/runtime/counters.ts';
import { ManualClock } from '../../src/testing/manual-clock.ts';

const TASK = { topology: 't', stage: 'source', topic: 'in', partition: 0 };

function commit(records: number, quarantined: number): CommitReport {
  const counts = { ...emptyCounts(), in: records, fates: new Map([['quarantined', quarantined]]) };
  return {
    topology: 't',
    task: TASK,
    counts,
    seconds: 0,
    position: records,
    end: records + 10,
    streamTime: Number.NaN,
    stats: [],
  };
}

/** What is written when a thousand records are committed every 250 ms for so long. */
async function written(seconds: number, terminal?: Terminal): Promise<string> {
  const clock = new ManualClock(0);
  let text = '';
  const progress = new Progress({
    clock,
    everyMs: 1000,
    write: (part) => {
      text += part;
    },
    ...(terminal === undefined ? {} : { terminal }),
  });
  for (let ms = 250; ms <= seconds * 1000; ms += 250) {
    await clock.advance(250);
    progress.commit(commit(1000, 1));
  }
  progress.end();
  return text;
}

describe('progress', () => {
  it('is a plain line a report interval where nobody looks at a terminal', async () => {
    expect(await written(2)).toBe(
      '4,000 records, 4,000/s, 4 quarantined, 10 behind\n8,000 records, 4,000/s, 8 quarantined, 10 behind\n',
    );
  });

  it('is one line that changes on a terminal, and is gone at the end', async () => {
    const text = await written(1, { columns: 80, color: false });
    expect(text.split('\r\u001b[2K')).toEqual([
      '',
      '1,000 records, 4,000/s, 1 quarantined, 10 behind',
      '2,000 records, 4,000/s, 2 quarantined, 10 behind',
      '3,000 records, 4,000/s, 3 quarantined, 10 behind',
      '4,000 records, 4,000/s, 4 quarantined, 10 behind',
      '',
    ]);
  });

  it('colors what is wrong unless told not to, and never wraps', async () => {
    expect(await written(1, { columns: 80, color: true })).toContain('\u001b[31m4 quarantined\u001b[0m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what is taken out
    const plain = (await written(1, { columns: 20, color: true })).replace(/\u001b\[[0-9]*[mK]/g, '');
    for (const line of plain.split('\r')) expect(line.length).toBeLessThan(20);
  });
});
