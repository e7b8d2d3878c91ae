import { open, readdir } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { FaultPoint } from '../../core/broker.ts';
import { StateError } from '../../core/errors.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { onFile, readFully, syncFolder, unlinkIfThere, writeFully } from './files.ts';
import type { StateRef } from './manifest.ts';

/** Below this size state files are left as they are, however little of them is live. */
const COMPACT_FROM_BYTES = 1024 * 1024;

/**
 * State parts of checkpoints: one file a checkpoint, parts one after another, their places and CRCs in the manifest.
 * When less than half of what a task's files hold is live, the next checkpoint copies the parts of its oldest file along,
 * so dead bytes never exceed live ones by much and one checkpoint never copies more than one file.
 */
export class StateFiles {
  private readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Writes a checkpoint durably and gives the live parts after it. Nothing refers to the file before a manifest does. */
  async write(
    file: string,
    live: readonly StateRef[],
    delta: CheckpointDelta,
    point: FaultPoint,
  ): Promise<readonly StateRef[]> {
    const gone = new Set(delta.drop);
    for (const part of delta.put) gone.add(part.name);
    const kept = live.filter((ref) => !gone.has(ref.name));
    const moved = await this.compaction(live, kept);
    const puts = [...moved, ...delta.put];
    if (puts.length === 0) return kept;
    const refs: StateRef[] = [];
    let offset = 0;
    for (const { name, bytes } of puts) {
      refs.push({ name, file, offset, length: bytes.byteLength, crc: crc32(bytes) });
      offset += bytes.byteLength;
    }
    const path = `${this.folder}/${file}`;
    await onFile('write the state', path, async () => {
      await using handle = await open(path, 'w');
      for (let i = 0; i < puts.length; i++) await writeFully(handle, puts[i]!.bytes, refs[i]!.offset);
      await point('state.written');
      await handle.datasync();
    });
    await syncFolder(this.folder);
    await point('state.synced');
    const names = new Set(moved.map((part) => part.name));
    return [...kept.filter((ref) => !names.has(ref.name)), ...refs];
  }

  private async compaction(live: readonly StateRef[], kept: readonly StateRef[]): Promise<readonly StatePart[]> {
    const ends = new Map<string, number>();
    for (const ref of live) ends.set(ref.file, Math.max(ends.get(ref.file) ?? 0, ref.offset + ref.length));
    let total = 0;
    for (const end of ends.values()) total += end;
    let used = 0;
    for (const ref of kept) used += ref.length;
    if (total < COMPACT_FROM_BYTES || used * 2 >= total) return [];
    const oldest = kept[0]?.file;
    const parts: StatePart[] = [];
    for (const ref of kept) if (ref.file === oldest) parts.push(await this.readPart(ref));
    return parts;
  }

  /** Live parts, one at a time, in the order they were written. */
  async *read(refs: readonly StateRef[], point: FaultPoint): AsyncIterable<StatePart> {
    for (const ref of refs) {
      await point('restore.part');
      yield await this.readPart(ref);
    }
  }

  private async readPart(ref: StateRef): Promise<StatePart> {
    const path = `${this.folder}/${ref.file}`;
    const bytes = await onFile('read the state', path, async () => {
      await using handle = await open(path, 'r');
      return readFully(handle, ref.offset, ref.length);
    });
    if (bytes.byteLength !== ref.length || crc32(bytes) !== ref.crc)
      throw new StateError(
        `state part ${ref.name} in ${path} is damaged (bytes ${ref.offset} to ${ref.offset + ref.length}). Restore the file, or start over with --from-start`,
        { code: 'state-damaged' },
      );
    return { name: ref.name, bytes };
  }

  /** Removes every state file that no live part lies in. */
  async sweep(live: Iterable<StateRef>): Promise<void> {
    const used = new Set<string>();
    for (const ref of live) used.add(ref.file);
    for (const name of await onFile('read the folder', this.folder, () => readdir(this.folder)))
      if (!used.has(name)) await unlinkIfThere(`${this.folder}/${name}`);
  }
}
