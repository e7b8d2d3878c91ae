import type { Scalar } from './ballots.ts';

/** Voters by small integers, bounded: a voter without votes on a remembered item may be forgotten, the longest silent first. */
export class VoterTable {
  readonly names: (Scalar | undefined)[] = [];
  readonly votes: number[] = [];
  /** Votes that stand on open or buffered items: such a voter cannot be forgotten, its share must be taken out by name. */
  readonly refs: number[] = [];
  readonly seen: number[] = [];
  readonly excluded: boolean[] = [];
  readonly free: number[] = [];
  /** Voters whose votes do not count. */
  excludedVoters = 0;
  private readonly codes = new Map<Scalar, number>();
  private readonly max: number;

  constructor(max: number) {
    this.max = max;
  }

  get size(): number {
    return this.codes.size;
  }

  find(name: Scalar): number {
    return this.codes.get(name) ?? -1;
  }

  /** At the bound, and a new voter would need room. */
  get full(): boolean {
    return this.codes.size >= this.max && this.free.length === 0;
  }

  add(name: Scalar): number {
    const code = this.free.pop() ?? this.names.length;
    this.put(code, name);
    return code;
  }

  exclude(code: number, excluded: boolean): void {
    if (this.excluded[code] !== excluded) this.excludedVoters += excluded ? 1 : -1;
    this.excluded[code] = excluded;
  }

  put(code: number, name: Scalar): void {
    this.names[code] = name;
    this.votes[code] = 0;
    this.refs[code] = 0;
    this.seen[code] = 0;
    this.excluded[code] = false;
    this.codes.set(name, code);
  }

  /** Forgets up to a sixteenth of the table; returns the codes that are free again. */
  forget(): number[] {
    const idle: number[] = [];
    for (let w = 0; w < this.names.length; w++) if (this.names[w] !== undefined && this.refs[w] === 0) idle.push(w);
    idle.sort((a, b) => this.seen[a]! - this.seen[b]! || a - b);
    const gone = idle.slice(0, Math.max(1, this.max >> 4));
    for (const w of gone) {
      this.exclude(w, false);
      this.codes.delete(this.names[w]!);
      this.names[w] = undefined;
      this.free.push(w);
    }
    return gone;
  }
}
