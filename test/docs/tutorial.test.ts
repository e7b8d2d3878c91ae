import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { follow } from './page.ts';

it('the tutorial works as it is written', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tutorial-'));
  try {
    expect(follow('docs/tutorial.md', { folder })).toBeGreaterThanOrEqual(7);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
