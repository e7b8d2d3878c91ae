import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

it('every test that README.md names is there', () => {
  const text = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
  const named = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((path) => !existsSync(join(import.meta.dirname, path)))).toEqual([]);
});
