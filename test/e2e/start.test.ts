import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
/** What a newcomer is promised once everything is installed. */
const PROMISED_SECONDS = 3;
/** Other tests have the second core: the machine may be slow once, not each time. */
const ATTEMPTS = 3;

describe('npm start', () => {
  it(`shows the movies within ${PROMISED_SECONDS} s when everything is installed`, () => {
    const seconds: number[] = [];
    for (let i = 0; i < ATTEMPTS && !seconds.some((s) => s <= PROMISED_SECONDS); i++) {
      const started = performance.now();
      const child = spawnSync('npm', ['start', '--', '--from-start'], { cwd: root, encoding: 'utf8' });
      seconds.push((performance.now() - started) / 1000);
      expect(child.status, child.stderr).toBe(0);
      // the numbers themselves are derived in run.test.ts
      for (const line of ['in +3,701', 'curated +3,178', 'quarantined +40', 'duplicate +483'])
        expect(child.stderr).toMatch(new RegExp(line));
      expect(child.stderr).toContain('out/movies/report.html');
    }
    expect(Math.min(...seconds)).toBeLessThanOrEqual(PROMISED_SECONDS);
  });
});
