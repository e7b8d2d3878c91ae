import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { FaultPoint } from '../../core/broker.ts';
import { BrokerError } from '../../core/errors.ts';
import { isMissing, onFile, syncFolder, writeFully } from './files.ts';

/** What a commit appends to one file, in order. */
export interface Append {
  readonly file: string;
  readonly chunks: readonly Uint8Array[];
}

/** Small pieces are gathered in one buffer of this size, which serves every commit. */
const GATHER_BYTES = 256 * 1024;

/** Files that are appended to, kept open from commit to commit. A file is as long as the manifest says; more is cut at open. */
export class OutputFiles {
  private readonly folder: string;
  private readonly gather = Buffer.allocUnsafeSlow(GATHER_BYTES);
  private readonly handles = new Map<string, FileHandle>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Bytes in a file now, `undefined` when it does not exist. */
  async sizeOf(file: string): Promise<number | undefined> {
    const path = `${this.folder}/${file}`;
    try {
      return (await stat(path)).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      return onFile('look at the output', path, () => Promise.reject(error));
    }
  }

  /** Cuts what was written after the last commit; refuses when durable bytes are missing. */
  async cut(lengths: Readonly<Record<string, number>>, point: FaultPoint): Promise<void> {
    for (const [file, length] of Object.entries(lengths)) {
      const path = `${this.folder}/${file}`;
      const size = await this.sizeOf(file);
      if ((size ?? 0) < length)
        throw new BrokerError(
          `output ${path} holds ${size === undefined ? 'nothing (it is gone)' : `${size} bytes`}, but ${length} were committed: it was changed from outside. Put it back, or begin again with --overwrite`,
          { code: 'output-shorter' },
        );
      if (size === undefined || size === length) continue;
      await onFile('cut the output', path, async () => {
        const handle = await this.handle(file);
        await handle.truncate(length);
        await point('open.cut');
        await handle.datasync();
      });
    }
  }

  /** Appends durably after `lengths` and gives the new lengths. */
  async append(
    appends: readonly Append[],
    lengths: Readonly<Record<string, number>>,
    point: FaultPoint,
  ): Promise<Readonly<Record<string, number>>> {
    const after: Record<string, number> = { ...lengths };
    const folders = new Set<string>();
    for (const { file, chunks } of appends) {
      const path = `${this.folder}/${file}`;
      await onFile('write the output', path, async () => {
        if (!this.handles.has(file)) folders.add(dirname(path));
        const handle = await this.handle(file);
        after[file] = await this.writeChunks(handle, chunks, after[file] ?? 0);
      });
      await point('outputs.written');
    }
    for (const { file } of appends) {
      await onFile('sync the output', `${this.folder}/${file}`, async () => (await this.handle(file)).datasync());
      await point('outputs.synced');
    }
    for (const folder of folders) await syncFolder(folder);
    return after;
  }

  private async writeChunks(handle: FileHandle, chunks: readonly Uint8Array[], position: number): Promise<number> {
    const { gather } = this;
    let at = position;
    let filled = 0;
    for (const chunk of chunks) {
      if (filled > 0 && chunk.byteLength > gather.byteLength - filled) {
        await writeFully(handle, gather.subarray(0, filled), at);
        at += filled;
        filled = 0;
      }
      if (chunk.byteLength <= gather.byteLength) {
        gather.set(chunk, filled);
        filled += chunk.byteLength;
        continue;
      }
      await writeFully(handle, chunk, at);
      at += chunk.byteLength;
    }
    if (filled > 0) await writeFully(handle, gather.subarray(0, filled), at);
    return at + filled;
  }

  private async handle(file: string): Promise<FileHandle> {
    const known = this.handles.get(file);
    if (known !== undefined) return known;
    const path = `${this.folder}/${file}`;
    const handle = await onFile('open the output', path, async () => {
      try {
        return await open(path, 'r+');
      } catch (error) {
        if (!isMissing(error)) throw error;
        await mkdir(dirname(path), { recursive: true });
        return open(path, 'w+');
      }
    });
    this.handles.set(file, handle);
    return handle;
  }

  async close(): Promise<void> {
    const handles = [...this.handles.values()];
    this.handles.clear();
    for (const handle of handles) await handle.close();
  }
}
