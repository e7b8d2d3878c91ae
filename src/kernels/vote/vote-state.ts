import { StateError } from '../../core/errors.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { BallotItem, type ClosedBy, type ItemState } from './ballot-item.ts';
import type { Scalar } from './ballots.ts';
import type { Temperature } from './temperature.ts';
import type { VoteStream } from './vote-stream.ts';

const VERSION = 1;
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

/** Order of the fields of an item in its group. */
type StoredItem = readonly [
  id: Scalar,
  seq: number,
  state: ItemState,
  voters: readonly number[],
  codes: readonly number[],
  weights: readonly number[] | null,
  labels: readonly Scalar[] | null,
  added: readonly number[] | null,
  q: readonly number[] | null,
  numbers: readonly (number | null)[],
  calibrated: boolean,
  closedBy: ClosedBy,
];

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
    for (const code of stream.voters.free) most = Math.max(most, code + 1);
    for (let w = 0; w < most; w++) stream.voters.names[w] = undefined;
    stream.model.reserve(most, stream.labels.size);
    for (const [code, name, votes, seen, excluded, own] of this.pendingVoters) {
      stream.voters.put(code, name);
      stream.voters.votes[code] = votes;
      stream.voters.seen[code] = seen;
      stream.voters.excluded[code] = excluded;
      stream.model.loadVoter(code, own);
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
      warm: stream.warm,
      closes: stream.closes,
      taken: stream.taken,
      touches: stream.touches,
      opened: stream.opened,
      askedAt: stream.askedAt,
      labels: stream.labels.values,
      distinct: [...stream.distinctLabels],
      free: stream.voters.free,
      temperature: stream.temperature.save(),
      model: stream.model.save(),
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
    stream.warm = meta.warm;
    stream.closes = meta.closes;
    stream.taken = meta.taken;
    stream.touches = meta.touches;
    stream.opened = meta.opened;
    stream.askedAt = meta.askedAt;
    for (const label of meta.labels) stream.labels.code(label);
    for (const label of meta.distinct) stream.distinctLabels.add(label);
    stream.voters.free.push(...meta.free);
    stream.temperature.load(meta.temperature);
    stream.model.load(meta.model);
  }

  private putItems(put: StatePart[], drop: string[]): void {
    const { dirtyItems, items } = this.stream;
    const groups = new Map<number, StoredItem[]>();
    for (const seq of dirtyItems) groups.set(seq >> GROUP_BITS, []);
    dirtyItems.clear();
    if (groups.size === 0) return;
    for (const item of items.values()) groups.get(item.seq >> GROUP_BITS)?.push(saveItem(item));
    for (const [group, stored] of groups) this.putGroup({ put, drop }, { name: 'items', group, stored });
  }

  private putVoters(put: StatePart[], drop: string[]): void {
    const { dirtyVoters, voters, model } = this.stream;
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

function saveItem(item: BallotItem): StoredItem {
  const { n, added, q } = item;
  return [
    item.id,
    item.seq,
    item.state,
    [...item.voters.subarray(0, n)],
    [...item.codes.subarray(0, n)],
    item.weights === undefined ? null : [...item.weights.subarray(0, n)],
    item.labels ?? null,
    added === undefined ? null : [...added],
    q === undefined ? null : [...q],
    [
      item.counted,
      item.evaluatedAt,
      item.gold,
      item.announced,
      item.revision,
      Number.isNaN(item.openedAt) ? null : item.openedAt,
      Number.isNaN(item.lastAt) ? null : item.lastAt,
      item.touch,
      item.closeSeq,
      item.lookAt,
      item.askedAt,
    ],
    item.calibrated,
    item.closedBy,
  ];
}

function loadItem(stored: StoredItem): BallotItem {
  const [id, seq, state, voters, codes, weights, labels, added, q, numbers, calibrated, closedBy] = stored;
  const item = new BallotItem(id, seq, labels !== null);
  for (let v = 0; v < voters.length; v++) item.push(voters[v]!, codes[v]!, weights?.[v] ?? 1);
  if (weights !== null && item.weights === undefined) item.weights = new Float64Array(item.voters.length).fill(1);
  item.state = state;
  if (labels !== null) item.labels = [...labels];
  if (added !== null) item.added = Float64Array.from(added);
  if (q !== null) item.q = Float64Array.from(q);
  const [counted, evaluatedAt, gold, announced, revision, openedAt, lastAt, touch, closeSeq, lookAt, askedAt] = numbers;
  item.counted = counted!;
  item.evaluatedAt = evaluatedAt!;
  item.gold = gold!;
  item.announced = announced!;
  item.revision = revision!;
  item.openedAt = openedAt ?? Number.NaN;
  item.lastAt = lastAt ?? Number.NaN;
  item.touch = touch!;
  item.closeSeq = closeSeq!;
  item.lookAt = lookAt!;
  item.askedAt = askedAt!;
  item.calibrated = calibrated;
  item.closedBy = closedBy;
  return item;
}
