import type { Origin } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { EntryStore } from '../repair/entry-store.ts';
import { openPart, sealPart } from '../repair/sealed-part.ts';
import { type Blocked, BlockIndex } from './block-index.ts';
import type { Features } from './features.ts';
import { bytesOfValues, type FieldComparisons } from './field-comparisons.ts';
import { enlarged } from './growing.ts';
import { HeldFeatures } from './held-features.ts';
import type { FeatureKind } from './near-settings.ts';

/** Memory of an entry beside its features, as measured with 100,000: objects, places, its share of the frequencies. */
const ENTRY_BYTES = 480;
/** Of a key of a block, and the place in the block. */
const KEY_BYTES = 24;
const FIRST_PLACES = 1024;

/** A record that later ones are compared with. */
export interface NearEntry extends Blocked {
  readonly seq: number;
  /** Where its features lie. */
  address: number;
  /** Texts that are compared field by field. */
  readonly values: readonly string[] | undefined;
  readonly origin: Origin;
  /** Stream time of arrival, milliseconds, or NaN. */
  readonly time: number;
  readonly side: string | undefined;
  cluster: string;
  /** Linked entry and how alike it is. */
  partner: number;
  score: number;
  /** It is one of those that stand for its cluster. */
  sampled: boolean;
}

export interface Match {
  readonly entry: NearEntry;
  readonly score: number;
}

/** Of one search, until the next one. */
export interface Matches {
  /** Those alike enough, best first, ties by age. */
  readonly near: readonly Match[];
  /** The others, in any order. Made when they are asked for: most entries are far away in memory. */
  rest(): readonly Match[];
}

export interface IndexOptions {
  readonly features: FeatureKind;
  /** Records with model codes of which none is shared are less alike. */
  readonly codes: boolean;
  readonly blockCap: number;
  /** Fields that are compared one by one. */
  readonly compare?: FieldComparisons | undefined;
}

type Stored = Omit<NearEntry, 'address' | 'values' | 'place'> & { readonly features: Features };

interface Meta {
  readonly floor: number;
  readonly seq: number;
  readonly overflowed: number;
  readonly uncompared: number;
}

/**
 * Records held for comparison, found by shared keys and verified by similarity.
 *
 * Text: 32 bands of 4 slots of a MinHash signature, verified by exact Jaccard. Records: their words, rare ones first,
 * verified by TF-IDF cosine. Cost: bounded a record, whatever is held. State: a part for the entries since the last
 * checkpoint, the older ones written again when parts get many.
 */
export class NearIndex {
  readonly blocks: BlockIndex<NearEntry>;
  private readonly options: IndexOptions;
  private readonly store: EntryStore<NearEntry>;
  private readonly features: HeldFeatures;
  /** Of features, by place in the blocks: candidates are compared without a look at their entries. */
  private addresses = new Int32Array(FIRST_PLACES);
  private nextSeq = 0;
  private saved: Meta | undefined;
  private stale = false;

  constructor(options: IndexOptions) {
    this.options = options;
    this.blocks = new BlockIndex(options.blockCap);
    this.features = new HeldFeatures(options);
    this.store = new EntryStore<NearEntry>('near', {
      save: ({ address, values, place: _, ...entry }): Stored => ({
        ...entry,
        features: this.featuresOf({ address, values }),
      }),
      load: ({ features, ...entry }: Stored): NearEntry => ({
        ...entry,
        address: this.features.pack(features),
        values: features.values,
        place: -1,
      }),
      size: ({ address, values }) =>
        ENTRY_BYTES +
        this.features.bytesOf(address) +
        this.features.keysAt(address).length * KEY_BYTES +
        (values === undefined ? 0 : bytesOfValues(values)),
      gone: ({ address }) => this.features.release(address),
    });
  }

  get size(): number {
    return this.store.size;
  }

  get bytes(): number {
    return this.store.bytes;
  }

  /** Verified candidates. */
  matches(features: Features, least: number, accept?: (entry: NearEntry) => boolean): Matches {
    const places = this.blocks.search(this.features.keysOf(features), accept);
    const scores = this.features.likenesses(
      features,
      places.map((place) => this.addresses[place]!),
    );
    this.compareValues(features.values, scores, (i) => this.blocks.at(places[i]!));
    const matches = (wanted: (score: number) => boolean): Match[] => {
      const found: Match[] = [];
      for (let i = 0; i < places.length; i++)
        if (wanted(scores[i]!)) found.push({ entry: this.blocks.at(places[i]!), score: scores[i]! });
      return found;
    };
    const near = matches((score) => score >= least);
    near.sort((a, b) => b.score - a.score || a.entry.seq - b.entry.seq);
    return { near, rest: () => matches((score) => score < least) };
  }

  /** How alike an entry is to others that are held. */
  alike(entry: NearEntry, others: readonly NearEntry[]): Float64Array {
    const addresses = Int32Array.from(others, ({ address }) => address);
    const scores = this.features.likenesses(this.featuresOf(entry), addresses);
    this.compareValues(entry.values, scores, (i) => others[i]!);
    return scores;
  }

  /** How alike the fields compared one by one are; undefined when there are none. */
  compared({ values }: Features, other: NearEntry): Readonly<Record<string, number>> | undefined {
    if (values === undefined || other.values === undefined) return undefined;
    return this.options.compare?.likenesses(values, other.values);
  }

  add({ features, ...made }: Pick<Stored, 'features' | 'origin' | 'time' | 'side' | 'cluster'>): NearEntry {
    const entry: NearEntry = {
      ...made,
      seq: this.nextSeq++,
      address: this.features.pack(features),
      values: features.values,
      place: -1,
      partner: -1,
      score: 0,
      sampled: false,
    };
    this.store.put(String(entry.seq), entry);
    this.hold(entry);
    return entry;
  }

  get(seq: number): NearEntry | undefined {
    return this.store.get(String(seq));
  }

  /** What the entry was made of. */
  featuresOf({ address, values }: Pick<NearEntry, 'address' | 'values'>): Features {
    return { ...this.features.at(address), ...(values === undefined ? {} : { values }) };
  }

  /** Hashes of the words of the entry, ascending. */
  wordsOf({ address }: NearEntry): Int32Array {
    return this.features.wordsAt(address);
  }

  entries(): readonly NearEntry[] {
    return this.store.values();
  }

  /** Its cluster changed, or whether it stands for it: it stays as old as it is. */
  update(entry: NearEntry): void {
    this.store.update(String(entry.seq));
  }

  /** Something of the entry changed: it becomes the newest. */
  touch(entry: NearEntry): void {
    this.blocks.remove(entry, this.features.keysAt(entry.address));
    entry.address = this.features.renew(entry.address);
    this.store.put(String(entry.seq), entry);
    this.block(entry);
  }

  oldest(): NearEntry | undefined {
    return this.store.oldest();
  }

  /** Forgets the oldest entry. */
  shift(): void {
    const entry = this.store.oldest();
    if (entry === undefined) return;
    const { address, values } = entry;
    this.blocks.remove(entry, this.features.keysAt(address));
    this.features.uncount(address);
    if (values !== undefined) this.options.compare?.remove(values);
    this.store.shift();
  }

  /** How much a word of so many characters tells: of records the rare ones do, of texts, whose words are not counted, the long ones. */
  telling(word: number, chars: number): number {
    return this.options.features === 'shingles' ? chars : -this.blocks.sizeOf(word);
  }

  checkpoint(): CheckpointDelta {
    this.resume();
    const put: StatePart[] = [];
    const drop: string[] = [];
    this.store.checkpoint(put, drop);
    const { overflowed, uncompared } = this.blocks;
    const meta: Meta = { floor: this.store.floor, seq: this.nextSeq, overflowed, uncompared };
    put.push(sealPart('meta', meta));
    return { put, drop };
  }

  restore(part: StatePart): void {
    this.stale = true;
    if (part.name === 'meta')
      this.saved = openPart(part) as Meta; // its checksum held, so we wrote it
    else if (this.store.owns(part.name)) this.store.restore(part);
  }

  /** The last part has been restored: blocks and frequencies are made from the entries. */
  resume(): void {
    if (!this.stale) return;
    this.stale = false;
    this.store.dropBelow(this.saved?.floor ?? 0);
    this.nextSeq = this.saved?.seq ?? 0;
    for (const entry of this.store.values()) this.hold(entry);
    this.blocks.overflowed = this.saved?.overflowed ?? 0;
    this.blocks.uncompared = this.saved?.uncompared ?? 0;
  }

  /** Turns the likeness of words into that of words and values. */
  private compareValues(
    values: readonly string[] | undefined,
    scores: Float64Array,
    entryAt: (i: number) => NearEntry,
  ): void {
    const { compare } = this.options;
    if (compare === undefined || values === undefined) return;
    for (let i = 0; i < scores.length; i++) scores[i] = compare.combine(scores[i]!, values, entryAt(i).values ?? []);
  }

  private hold(entry: NearEntry): void {
    this.block(entry);
    this.features.count(entry.address);
    if (entry.values !== undefined) this.options.compare?.add(entry.values);
  }

  private block(entry: NearEntry): void {
    this.blocks.add(entry, this.features.keysAt(entry.address));
    const { place, address } = entry;
    if (place >= this.addresses.length) this.addresses = enlarged(this.addresses, 2 * place);
    this.addresses[place] = address;
  }
}
