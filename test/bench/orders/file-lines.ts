import { readFileSync } from 'node:fs';

const NEWLINE = 10;

/** The lines of a file, outside the heap: who measures pauses must not have long ones. */
export class FileLines {
  private readonly bytes: Buffer;
  private readonly ends: Uint32Array;

  constructor(file: string) {
    this.bytes = readFileSync(file);
    const ends: number[] = [];
    for (let at = this.bytes.indexOf(NEWLINE); at >= 0; at = this.bytes.indexOf(NEWLINE, at + 1)) ends.push(at);
    this.ends = Uint32Array.from(ends);
  }

  get length(): number {
    return this.ends.length;
  }

  at(i: number): string {
    return this.bytes.toString('utf8', i === 0 ? 0 : this.ends[i - 1]! + 1, this.ends[i]);
  }
}
