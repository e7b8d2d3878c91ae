import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { bundle } from '../../src/http/console/assets.ts';

/** Compressed script the console may have (kilobytes of 1,000). */
const MOST = 60_000;

it('loads in one small script that asks nobody else for anything', async () => {
  const { script, style } = await bundle();
  expect(script).toContain('EventSource');
  expect(gzipSync(script).length).toBeLessThan(MOST);
  const addresses = `${script}${style}`.match(/https?:\/\/[^\s"'`)]+/g) ?? [];
  expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([]);
  expect(style).not.toMatch(/@import|url\(/);
});
