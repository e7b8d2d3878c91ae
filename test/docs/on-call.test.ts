import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { follow } from './page.ts';

const docs = join(import.meta.dirname, '..', '..', 'docs');

it('the page for those on call works as it is written', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-on-call-'));
  try {
    expect(follow('docs/on-call.md', { folder })).toBe(7);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it('each of its five steps has a picture', () => {
  const pictures = [...readFileSync(join(docs, 'on-call.md'), 'utf8').matchAll(/!\[[^\]]{20,}\]\(([^)]+)\)/g)].map(
    ([, path = '']) => path,
  );
  expect(pictures).toHaveLength(5);
  for (const path of pictures) expect([path, existsSync(join(docs, path))]).toEqual([path, true]);
});
