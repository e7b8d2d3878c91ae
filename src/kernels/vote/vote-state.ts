import { StateError } from '../../core/errors.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import type { BallotItem } from './ballot-item.ts';
import type { Scalar } from './ballots.ts';
import { loadItem, type StoredItem, saveItem } from './stored-item.ts';
import type { Temperature } from './temperature.ts';
import type { VoteStream } from './vote-stream.ts';

const VERSION = 2;
/** Items and voters by 128: a checkpoint rewrites the groups something changed in. */
const GROUP_BITS = 7;

interface Meta {
  readonly version: number;
  readonly method: string;
  readonly warm: boolean;
  readonly closes: number;
  readonly taken: number;
  readonly touches: number;
  readonly opened: number;
  readonly askedAt: number;
  readonly labels: readonly Scalar[];
  readonly distinct: readonly Scalar[];
  readonly free: readonly number[];
  readonly temperature: ReturnType<Temperature['save']>;
  readonly model: Readonly<Record<string, unknown>>;
}

type StoredVoter = readonly [code: number, name: Scalar, votes: number, seen: number, excluded: boolean, own: number[]];

/**
 * The state of a vote stream as named parts: `meta`, `items-<group>`, `voters-<group>`, `past-<chunk>`; JSON text,
 * whose shortest number form gives every double back exactly.
 * Cost of a checkpoint: one pass over the open and buffered items, and the bytes of the groups that changed.
 */
export class VoteState {
  private readonly stream: VoteStream;
  private readonly writtenItems = new Set<number>();
  private readonly writtenVoters = new Set<number>();
  private readonly restored: BallotItem[] = [];

  constructor(stream: VoteStream) {
    this.stream = stream;
  }

  checkpoint(): CheckpointDelta {
    const { stream } = this;
    const put: StatePart[] = [part('meta', this.meta())];
    const drop: string[] = [];
    this.putItems(put, drop);
    this.putVoters(put, drop);
    const past = stream.past.changes();
    for (const [number, names] of past.put) put.push(part(`past-${number}`, names));
    for (const number of past.drop) drop.push(`past-${number}`);
    return { put, drop };
  }

  /** One part on a fresh stream; call `finish` after the last. */
  restore({ name, bytes }: StatePart): void {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const number = Number(name.slice(name.indexOf('-') + 1));
    if (name === 'meta')
      this.loadMeta(value as Meta); // written by meta() below
    else if (name.startsWith('items-')) {
      for (const stored of value as StoredItem[]) this.restored.push(loadItem(stored)); // written by saveItem()
      this.writtenItems.add(number);
    } else if (name.startsWith('voters-')) {
      this.pendingVoters.push(...(value as StoredVoter[])); // written by putVoters()
      this.writtenVoters.add(number);
    } else if (name.startsWith('past-'))
      this.stream.past.load(number, value as Scalar[]); // written by checkpoint()
    else throw new StateError(`vote state holds an unknown part "${name}"`, { code: 'unknown-part' });
  }

  private readonly pendingVoters: StoredVoter[] = [];
  private restoring = false;

  finish(): void {
    if (!this.restoring) return;
    this.restoring = false;
    const { stream } = this;
    let most = 0;
    for (const [code] of this.pendingVoters) most = Math.max(most, code + 1);
    for (const code of stream.learning.voters.free) most = Math.max(most, code + 1);
    for (let w = 0; w < most; w++) stream.learning.voters.names[w] = undefined;
    stream.learning.model.reserve(most, stream.learning.labels.size);
    for (const [code, name, votes, seen, excluded, own] of this.pendingVoters) {
      stream.learning.voters.put(code, name);
      stream.learning.voters.votes[code] = votes;
      stream.learning.voters.seen[code] = seen;
      stream.learning.voters.exclude(code, excluded);
      stream.learning.model.loadVoter(code, own);
    }
    stream.adopt(this.restored);
    this.restored.length = 0;
    this.pendingVoters.length = 0;
  }

  private meta(): Meta {
    const { stream } = this;
    return {
      version: VERSION,
      method: stream.settings.method,
      warm: stream.closed.warm,
      closes: stream.closes,
      taken: stream.taken,
      touches: stream.touches,
      opened: stream.opened,
      askedAt: stream.askedAt,
      labels: stream.learning.labels.values,
      distinct: [...stream.learning.distinct],
      free: stream.learning.voters.free,
      temperature: stream.learning.temperature.save(),
      model: stream.learning.model.save(),
    };
  }

  private loadMeta(meta: Meta): void {
    const { stream } = this;
    if (meta.version !== VERSION || meta.method !== stream.settings.method)
      throw new StateError(
        `vote state is version ${meta.version} for method ${meta.method}, wanted version ${VERSION} for ${stream.settings.method}`,
        { code: 'state-version' },
      );
    this.restoring = true;
    stream.closed.warm = meta.warm;
    stream.closes = meta.closes;
    stream.taken = meta.taken;
    stream.touches = meta.touches;
    stream.opened = meta.opened;
    stream.askedAt = meta.askedAt;
    for (const label of meta.labels) stream.learning.labels.code(label);
    for (const label of meta.distinct) stream.learning.distinct.add(label);
    stream.learning.voters.free.push(...meta.free);
    stream.learning.temperature.load(meta.temperature);
    stream.learning.model.load(meta.model);
  }

  private putItems(put: StatePart[], drop: string[]): void {
    const { items, learning } = this.stream;
    const { dirtyItems } = learning;
    const groups = new Map<number, StoredItem[]>();
    for (const seq of dirtyItems) groups.set(seq >> GROUP_BITS, []);
    dirtyItems.clear();
    if (groups.size === 0) return;
    for (const item of items.values()) groups.get(item.seq >> GROUP_BITS)?.push(saveItem(item));
    for (const [group, stored] of groups) this.putGroup({ put, drop }, { name: 'items', group, stored });
  }

  private putVoters(put: StatePart[], drop: string[]): void {
    const { dirtyVoters, voters, model } = this.stream.learning;
    const groups = new Set<number>();
    for (const voter of dirtyVoters) groups.add(voter >> GROUP_BITS);
    dirtyVoters.clear();
    for (const group of groups) {
      const stored: StoredVoter[] = [];
      const to = Math.min(voters.names.length, (group + 1) << GROUP_BITS);
      for (let w = group << GROUP_BITS; w < to; w++) {
        const name = voters.names[w];
        if (name === undefined) continue;
        stored.push([w, name, voters.votes[w]!, voters.seen[w]!, voters.excluded[w]!, model.saveVoter(w)]);
      }
      this.putGroup({ put, drop }, { name: 'voters', group, stored });
    }
  }

  private putGroup(
    delta: { readonly put: StatePart[]; readonly drop: string[] },
    part_: { readonly name: 'items' | 'voters'; readonly group: number; readonly stored: readonly unknown[] },
  ): void {
    const written = part_.name === 'items' ? this.writtenItems : this.writtenVoters;
    const name = `${part_.name}-${part_.group}`;
    if (part_.stored.length > 0) {
      delta.put.push(part(name, part_.stored));
      written.add(part_.group);
    } else if (written.delete(part_.group)) delta.drop.push(name);
  }
}

function part(name: string, value: unknown): StatePart {
  return { name, bytes: new TextEncoder().encode(JSON.stringify(value)) };
}
