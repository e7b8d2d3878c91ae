import { StateError } from '../../core/errors.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import type { Scalar } from '../vote/ballots.ts';
import { ClaimEntry, type EntryClosedBy, type EntryState, type Resolved } from './claim-entry.ts';
import type { ResolveStream } from './resolve-stream.ts';

const VERSION = 2;
/** Entries by 128: a checkpoint rewrites the groups something changed in. */
const GROUP_BITS = 7;

interface Meta {
  readonly version: number;
  readonly method: string;
  readonly warm: boolean;
  readonly closes: number;
  readonly opened: number;
  readonly touches: number;
  readonly sources: readonly Scalar[];
  readonly attributesFull: boolean;
}

interface StoredEntry {
  readonly key: string;
  readonly entity: Scalar;
  readonly attribute: Scalar;
  readonly seq: number;
  readonly state: EntryState;
  readonly sources: readonly number[];
  readonly codes: readonly number[];
  readonly values: readonly unknown[];
  readonly texts: readonly string[];
  readonly added: readonly number[] | null;
  readonly p: readonly number[] | null;
  readonly result: Resolved | null;
  readonly announced: string | null;
  readonly closedBy: EntryClosedBy;
  readonly times: readonly [openedAt: number | null, lastAt: number | null];
  readonly numbers: readonly [counted: number, revision: number, touch: number, closeSeq: number];
}

/** The state of a resolve stream: `meta`, the parts of its model, `entries-<group>`, `past-<chunk>`; JSON text. */
export class ResolveState {
  private readonly stream: ResolveStream;
  private readonly written = new Set<number>();
  private restored: ClaimEntry[] | undefined;

  constructor(stream: ResolveStream) {
    this.stream = stream;
  }

  checkpoint(): CheckpointDelta {
    const { stream } = this;
    const put: StatePart[] = [part('meta', this.meta())];
    const drop: string[] = [];
    const groups = new Map<number, StoredEntry[]>();
    for (const seq of stream.dirty) groups.set(seq >> GROUP_BITS, []);
    stream.dirty.clear();
    if (groups.size > 0)
      for (const entry of stream.entries.values()) groups.get(entry.seq >> GROUP_BITS)?.push(save(entry));
    for (const [group, stored] of groups) {
      if (stored.length > 0) {
        put.push(part(`entries-${group}`, stored));
        this.written.add(group);
      } else if (this.written.delete(group)) drop.push(`entries-${group}`);
    }
    for (const { name, value } of stream.model.changes()) put.push(part(name, value));
    const past = stream.past.changes();
    for (const [number, names] of past.put) put.push(part(`past-${number}`, names));
    for (const number of past.drop) drop.push(`past-${number}`);
    return { put, drop };
  }

  /** One part on a fresh stream; call `finish` after the last. */
  restore({ name, bytes }: StatePart): void {
    const { stream } = this;
    this.restored ??= [];
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const number = Number(name.slice(name.indexOf('-') + 1));
    if (name === 'meta')
      this.loadMeta(value as Meta); // written by meta()
    else if (name.startsWith('entries-')) {
      for (const stored of value as StoredEntry[]) this.restored.push(load(stored)); // written by save()
      this.written.add(number);
    } else if (name === 'model' || name.startsWith('attribute-')) stream.model.load(name, value);
    else if (name.startsWith('past-'))
      stream.past.load(number, value as Scalar[]); // written by checkpoint()
    else throw new StateError(`resolve state holds an unknown part "${name}"`, { code: 'unknown-part' });
  }

  finish(): void {
    if (this.restored === undefined) return;
    this.stream.adopt(this.restored);
    this.restored = undefined;
  }

  private meta(): Meta {
    const { settings, warm, closes, opened, touches, sources, attributesFull } = this.stream;
    return {
      version: VERSION,
      method: settings.method,
      warm,
      closes,
      opened,
      touches,
      sources: sources.values,
      attributesFull,
    };
  }

  private loadMeta(meta: Meta): void {
    const { stream } = this;
    if (meta.version !== VERSION || meta.method !== stream.settings.method)
      throw new StateError(
        `resolve state is version ${meta.version} for method ${meta.method}, wanted version ${VERSION} for ${stream.settings.method}`,
        { code: 'state-version' },
      );
    stream.warm = meta.warm;
    stream.closes = meta.closes;
    stream.opened = meta.opened;
    stream.touches = meta.touches;
    for (const source of meta.sources) stream.sources.code(source);
    stream.model.reserve(stream.sources.size);
    stream.attributesFull = meta.attributesFull;
  }
}

function part(name: string, value: unknown): StatePart {
  return { name, bytes: new TextEncoder().encode(JSON.stringify(value)) };
}

function save(entry: ClaimEntry): StoredEntry {
  return {
    key: entry.key,
    entity: entry.entity,
    attribute: entry.attribute,
    seq: entry.seq,
    state: entry.state,
    sources: entry.sources,
    codes: entry.codes,
    values: entry.values,
    texts: entry.texts,
    added: entry.added === undefined ? null : [...entry.added],
    p: entry.p === undefined ? null : [...entry.p],
    result: entry.result ?? null,
    announced: entry.announced ?? null,
    closedBy: entry.closedBy,
    times: [Number.isNaN(entry.openedAt) ? null : entry.openedAt, Number.isNaN(entry.lastAt) ? null : entry.lastAt],
    numbers: [entry.counted, entry.revision, entry.touch, entry.closeSeq],
  };
}

function load(stored: StoredEntry): ClaimEntry {
  const entry = new ClaimEntry(stored.key, stored, stored.seq);
  entry.state = stored.state;
  entry.sources.push(...stored.sources);
  entry.codes.push(...stored.codes);
  entry.values.push(...stored.values);
  entry.texts.push(...stored.texts);
  if (stored.added !== null) entry.added = finite(stored.added);
  if (stored.p !== null) entry.p = finite(stored.p);
  if (stored.result !== null) entry.result = stored.result;
  if (stored.announced !== null) entry.announced = stored.announced;
  entry.closedBy = stored.closedBy;
  [entry.openedAt, entry.lastAt] = [stored.times[0] ?? Number.NaN, stored.times[1] ?? Number.NaN];
  [entry.counted, entry.revision, entry.touch, entry.closeSeq] = stored.numbers;
  return entry;
}

/** JSON has no infinities: an entry nobody claims anything about holds -Infinity, which is read back as null. */
function finite(values: readonly (number | null)[]): Float64Array {
  return Float64Array.from(values, (value) => value ?? Number.NEGATIVE_INFINITY);
}
