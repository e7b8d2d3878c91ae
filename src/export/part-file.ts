import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { ManifestFile } from './manifest.ts';

const CHUNK_BYTES = 1024 * 1024;
const LINE_END = Buffer.from('\n');

/** One file of an export: lines in order, hashed as they are written. */
export class PartFile {
  private readonly name: string;
  private readonly file: FileHandle;
  private readonly hash = createHash('sha256');
  private chunks: Uint8Array[] = [];
  private waiting = 0;
  private bytes = 0;
  private records = 0;

  private constructor(name: string, file: FileHandle) {
    this.name = name;
    this.file = file;
  }

  static async create(folder: string, name: string): Promise<PartFile> {
    return new PartFile(name, await open(`${folder}/${name}`, 'wx'));
  }

  async add(line: Uint8Array): Promise<void> {
    this.records++;
    this.chunks.push(line, LINE_END);
    this.waiting += line.byteLength + 1;
    if (this.waiting >= CHUNK_BYTES) await this.flush();
  }

  async close(): Promise<ManifestFile> {
    await this.flush();
    await this.file.sync();
    await this.file.close();
    const { name, bytes, records } = this;
    return { name, bytes, sha256: this.hash.digest('hex'), records };
  }

  private async flush(): Promise<void> {
    const block = Buffer.concat(this.chunks);
    this.chunks = [];
    this.waiting = 0;
    this.bytes += block.byteLength;
    this.hash.update(block);
    await this.file.appendFile(block);
  }
}
