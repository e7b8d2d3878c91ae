import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { copyAll, lines, scratch } from './local-toy.ts';

/** A small file system of its own, where this is permitted. */
function mountSmall(
  path: string,
  bytes: number,
): { readonly readOnly: () => void; readonly [Symbol.dispose]: () => void } | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    console.warn('SKIPPED: this user may not mount a small file system');
    return undefined;
  }
  return {
    readOnly: () => void execFileSync('mount', ['-o', 'remount,ro', path]),
    [Symbol.dispose]: () => void execFileSync('umount', [path]),
  };
}

describe('local broker: disks', () => {
  it.runIf(existsSync('/dev/full'))('a full disk is said so', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(10));
    symlinkSync('/dev/full', join(folder.path, 'out.ndjson'));
    await expect(copyAll(folder.path)).rejects.toMatchObject({
      name: 'BrokerError',
      code: 'file-disk-full',
      retryable: false,
    });
  });

  it('a run on a full disk goes on to the same bytes when there is space again', async () => {
    using folder = scratch();
    const small = join(folder.path, 'small');
    mkdirSync(small);
    using mounted = mountSmall(small, 512 * 1024);
    if (mounted === undefined) return;
    const ballast = join(small, 'ballast');
    const input = join(folder.path, 'in.ndjson');
    writeFileSync(input, lines(5000));
    writeFileSync(ballast, Buffer.alloc(384 * 1024));
    const topics = new Map([['in', [input]]]);
    await expect(copyAll(small, { topics })).rejects.toMatchObject({ code: 'file-disk-full' });
    await expect(copyAll(small, { topics })).rejects.toThrow('no space left');
    rmSync(ballast);
    await copyAll(small, { topics });
    expect(readFileSync(join(small, 'out.ndjson'), 'utf8')).toBe(lines(5000));
    mounted.readOnly();
    await expect(copyAll(small, { topics })).rejects.toMatchObject({ code: 'file-read-only' });
  });

  it('folders that may not be read or written are named', async () => {
    using _user = ordinaryUser();
    using folder = scratch();
    mkdirSync(join(folder.path, 'closed'), { mode: 0o000 });
    const topics = new Map([['in', [join(folder.path, 'closed')]]]);
    await expect(copyAll(join(folder.path, 'out'), { topics })).rejects.toMatchObject({ code: 'file-no-permission' });
    mkdirSync(join(folder.path, 'locked'), { mode: 0o555 });
    writeFileSync(join(folder.path, 'in.ndjson'), lines(1));
    const input = new Map([['in', [join(folder.path, 'in.ndjson')]]]);
    await expect(copyAll(join(folder.path, 'locked'), { topics: input })).rejects.toMatchObject({
      code: 'file-no-permission',
    });
    chmodSync(join(folder.path, 'closed'), 0o700);
  });

  it('a folder in the place of an output is named', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(10));
    mkdirSync(join(folder.path, 'out.ndjson'));
    await expect(copyAll(folder.path, { overwrite: true })).rejects.toMatchObject({ code: 'file-not-a-file' });
    expect(existsSync(join(folder.path, '.sluice', 'toy', 'lock'))).toBe(false);
  });
});

/** Root may read and write everything: as nobody it is refused like anybody else. */
function ordinaryUser(): Disposable {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65534);
  return { [Symbol.dispose]: () => (isRoot ? process.seteuid?.(0) : undefined) };
}
