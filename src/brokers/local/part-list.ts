import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BrokerError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { isMissing, onFile } from './files.ts';
import type { Fingerprint, PartMark, ReadMark } from './manifest.ts';
import { checkPrint, inputReplaced, type PartBytes } from './part-bytes.ts';
import { compareBytes, listParts, type Part, partOf } from './parts.ts';

interface Known {
  readonly part: Part;
  readonly inode: string;
  readonly start: number;
  /** Undefined until the part was read and left, or committed. */
  print: Fingerprint | undefined;
  rotated: boolean;
}

/** The parts of one input in reading order: those begun, then those still to come. */
export class PartList {
  private readonly paths: readonly string[];
  private known: Known[] = [];
  private future: Part[] = [];

  private constructor(paths: readonly string[]) {
    this.paths = paths;
  }

  static async open(
    paths: readonly string[],
    found: { readonly marks: readonly PartMark[]; readonly at: ReadMark; readonly follow: boolean; readonly log: Log },
  ): Promise<PartList> {
    const list = new PartList(paths);
    for (let i = 0; i < found.marks.length; i++) list.known.push(await restorePart(found.marks[i]!, i, found));
    await list.refresh();
    return list;
  }

  get length(): number {
    return this.known.length + this.future.length;
  }

  at(index: number): Part | undefined {
    return this.known[index]?.part ?? this.future[index - this.known.length];
  }

  /** Begins a part; gives the position of its first record. */
  open(index: number, begun: { readonly inode: string; readonly start: number }): number {
    const known = this.known[index];
    if (known !== undefined) return known.start;
    const part = this.future.shift()!; // the caller opened at(index), the first one to come
    this.known.push({ part, inode: begun.inode, start: begun.start, print: undefined, rotated: false });
    return begun.start;
  }

  close(index: number, print: Fingerprint): void {
    this.known[index]!.print = print;
  }

  /** The file that is being read was renamed away; its path names the next part now. */
  rotated(index: number): void {
    const known = this.known[index]!;
    known.rotated = true;
    this.future.unshift(partOf(known.part.path, known.part.name));
  }

  /** Looks for parts that came since. One that sorts before what is read would change the order of the input. */
  async refresh(): Promise<void> {
    const read = new Set(this.known.map((known) => known.part.path));
    const moved = new Set(this.known.filter((known) => known.rotated).map((known) => known.part.path));
    const found = await listParts(this.paths, (path) => read.has(path));
    const last = this.known.findLast((known) => !known.rotated)?.part.path;
    const future = this.future.filter((part) => moved.has(part.path));
    for (const part of found) {
      if (read.has(part.path) || (await this.isRotated(part.path))) continue;
      if (last !== undefined && compareBytes(part.path, last) < 0)
        throw new BrokerError(
          `new input part ${part.path} sorts before ${last}, which is already read: give it a later name, or read everything again with --from-start`,
          { code: 'part-out-of-order' },
        );
      future.push(part);
    }
    this.future = future;
  }

  /** A followed file shows up under its new name when the input is the folder it was renamed in. */
  private async isRotated(path: string): Promise<boolean> {
    const inodes = this.known.filter((known) => known.rotated).map((known) => known.inode);
    return inodes.length > 0 && inodes.includes((await inodeAt(path)) ?? '');
  }

  /** What a manifest says of the parts up to `mark`; `bytes` is the open file of the mark's part. */
  async marks(mark: ReadMark, bytes: PartBytes | undefined): Promise<readonly PartMark[]> {
    const marks: PartMark[] = [];
    for (let i = 0; i <= mark.part && i < this.known.length; i++) {
      const known = this.known[i]!;
      if (i === mark.part && bytes !== undefined) known.print = await bytes.fingerprint(mark.offset);
      if (known.print === undefined) break;
      const { part, inode, start, print } = known;
      marks.push({
        path: part.path,
        name: part.name,
        inode,
        start,
        print,
        ...(known.rotated ? { rotated: true } : {}),
      });
    }
    return marks;
  }
}

/** Finds a part again and checks that it is the one that was read. */
async function restorePart(
  mark: PartMark,
  index: number,
  found: { readonly at: ReadMark; readonly follow: boolean; readonly log: Log },
): Promise<Known> {
  const path = mark.path;
  const known: Known = {
    part: partOf(path, mark.name),
    inode: mark.inode,
    start: mark.start,
    print: mark.print,
    rotated: mark.rotated ?? false,
  };
  const finished = index < found.at.part;
  if (known.rotated && finished) return known;
  if (found.follow && !finished && (known.rotated || (await inodeAt(path)) !== mark.inode)) {
    const moved = await findInode(dirname(path), mark.inode);
    if (moved !== undefined) {
      await checkPrint(moved, mark.print);
      return { ...known, part: { ...known.part, path: moved }, rotated: true };
    }
  }
  if (finished && (await inodeAt(path)) === undefined) {
    found.log.warn('part-gone', 'a part that was read to its end is gone', { path });
    return known;
  }
  const size = await checkPrint(path, mark.print);
  if (finished && size > mark.print.length)
    throw inputReplaced(path, `it grew to ${size} bytes after a later part was begun`);
  return known;
}

async function inodeAt(path: string): Promise<string | undefined> {
  try {
    return String((await stat(path, { bigint: true })).ino);
  } catch (error) {
    if (isMissing(error)) return undefined;
    return onFile('look at', path, () => Promise.reject(error));
  }
}

async function findInode(folder: string, inode: string): Promise<string | undefined> {
  for (const name of await onFile('read the folder', folder, () => readdir(folder)))
    if ((await inodeAt(join(folder, name))) === inode) return join(folder, name);
  return undefined;
}
