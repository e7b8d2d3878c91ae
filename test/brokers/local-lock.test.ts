import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FolderLock, type LockOwner, type ProcessTable } from '../../src/brokers/local/lock.ts';
import { scratch } from './local-toy.ts';

const ME: LockOwner = { bootId: 'boot-1', pid: 100, started: '5000', host: 'here', pidNamespace: 'pid:[1]' };

/** A machine on which `living` processes run, with the start times given. */
function machine(living: Readonly<Record<number, string | null>>, self: LockOwner = ME): ProcessTable {
  return { self: async () => self, startOf: async (pid) => (Object.hasOwn(living, pid) ? living[pid] : undefined) };
}

function plant(folder: string, owner: Partial<LockOwner> | string): void {
  writeFileSync(join(folder, 'lock'), typeof owner === 'string' ? owner : JSON.stringify({ ...ME, pid: 7, ...owner }));
}

describe('folder lock', () => {
  it('names boot, process and its start, and is gone after release', async () => {
    using folder = scratch();
    const lock = await FolderLock.acquire(folder.path);
    const owner = JSON.parse(readFileSync(join(folder.path, 'lock'), 'utf8'));
    expect(owner).toMatchObject({
      pid: process.pid,
      bootId: expect.any(String),
      started: expect.stringMatching(/^\d+$/),
    });
    await expect(FolderLock.acquire(folder.path)).rejects.toMatchObject({ code: 'locked' });
    await lock.close();
    await (await FolderLock.acquire(folder.path)).close();
  });

  it.each([
    ['its process is gone', {}, {}],
    ['its pid belongs to a younger process', {}, { 7: '9999' }],
    ['the machine was started again', { bootId: 'boot-0' }, { 7: '5000' }],
  ])('is taken over when %s', async (_, owner, living) => {
    using folder = scratch();
    plant(folder.path, owner);
    const lock = await FolderLock.acquire(folder.path, { processes: machine(living) });
    expect(JSON.parse(readFileSync(join(folder.path, 'lock'), 'utf8'))).toEqual(ME);
    await lock.check();
  });

  it.each([
    ['its process runs', {}, { 7: '5000' }],
    ['the start of the process is unknown', {}, { 7: null }],
    ['it is from another machine', { host: 'there' }, {}],
    ['it is from another container', { pidNamespace: 'pid:[2]' }, {}],
    ['the boot is unknown', { bootId: null }, {}],
    ['it is no lock', 'garbage', {}],
    ['it is half a lock', '{"pid":', {}],
  ])('is refused with --force-unlock as the remedy when %s', async (_, owner, living) => {
    using folder = scratch();
    plant(folder.path, owner);
    const refused = expect(FolderLock.acquire(folder.path, { processes: machine(living) })).rejects;
    await refused.toThrow('--force-unlock');
    await (await FolderLock.acquire(folder.path, { processes: machine(living), force: true })).check();
  });

  it('only one of many that find a stale lock gets it', async () => {
    using folder = scratch();
    plant(folder.path, {});
    const tries = Array.from({ length: 8 }, (_, i) =>
      FolderLock.acquire(folder.path, {
        processes: machine(
          { 200: '1', 201: '1', 202: '1', 203: '1', 204: '1', 205: '1', 206: '1', 207: '1' },
          { ...ME, pid: 200 + i, started: '1' },
        ),
      }),
    );
    const results = await Promise.allSettled(tries);
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1);
  });

  it('a holder whose lock was taken by force is fenced and does not remove the new one', async () => {
    using folder = scratch();
    const first = await FolderLock.acquire(folder.path);
    const second = await FolderLock.acquire(folder.path, { force: true });
    await expect(first.check()).rejects.toMatchObject({ code: 'fenced' });
    await first.close();
    await second.check();
  });
});
