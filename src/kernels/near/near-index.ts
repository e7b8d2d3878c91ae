import type { Origin } from '../../core/record.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { EntryStore, openPart, sealPart } from '../repair/entry-store.ts';
import { type Blocked, BlockIndex } from './block-index.ts';
import { joinKeys } from './declared-keys.ts';
import type { Features } from './features.ts';
import { bytesOfValues, type FieldComparisons } from './field-comparisons.ts';
import { FeatureFrequencies } from './frequencies.ts';
import { bandKeys, SLOTS, signature } from './min-hash.ts';
import type { FeatureKind } from './near-settings.ts';
import { cosine, jaccard } from './similarity.ts';

/** Memory of an entry beside its features: objects, block places. */
const ENTRY_BYTES = 300;
/** Hash and count of a feature, and its share of the frequencies. */
const FEATURE_BYTES = 24;
/** Key of a block and the place in it. */
const KEY_BYTES = 32;

/** What the likeness of two records is worth when their model codes are all different. */
const OTHER_CODES = 0.35;

/** A record that later ones are compared with. */
export interface NearEntry extends Blocked {
  readonly features: Features;
  readonly origin: Origin;
  /** Stream time of arrival, milliseconds, or NaN. */
  readonly time: number;
  readonly side: string | undefined;
  cluster: string;
  /** Linked entry and how alike it is. */
  partner: number;
  score: number;
}

export interface Match {
  readonly entry: NearEntry;
  readonly score: number;
}

export interface IndexOptions {
  readonly features: FeatureKind;
  /** Records with model codes of which none is shared are less alike. */
  readonly codes: boolean;
  readonly blockCap: number;
  /** Fields that are compared one by one. */
  readonly compare?: FieldComparisons | undefined;
}

type Stored = Omit<NearEntry, 'keys' | 'place'>;

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
  readonly frequencies = new FeatureFrequencies();
  private readonly options: IndexOptions;
  private readonly store: EntryStore<NearEntry>;
  private readonly bySeq = new Map<number, NearEntry>();
  private readonly slots = new Int32Array(SLOTS);
  /** A record is looked for, then added: its signature is made once. */
  private last: { readonly features: Features; readonly keys: Int32Array } | undefined;
  private nextSeq = 0;
  private saved: Meta | undefined;
  private stale = false;

  constructor(options: IndexOptions) {
    this.options = options;
    this.blocks = new BlockIndex(options.blockCap);
    this.store = new EntryStore<NearEntry>('near', {
      save: ({ keys: _, place: __, ...stored }: NearEntry): Stored => stored,
      load: (stored: Stored): NearEntry => ({ ...stored, keys: this.keysOf(stored.features), place: -1 }),
      size: ({ features, keys }) =>
        ENTRY_BYTES +
        features.hashes.length * FEATURE_BYTES +
        keys.length * KEY_BYTES +
        features.words.length * 4 +
        (features.values === undefined ? 0 : bytesOfValues(features.values)),
    });
  }

  get size(): number {
    return this.store.size;
  }

  get bytes(): number {
    return this.store.bytes;
  }

  /** Blocks the features stand in. */
  private keysOf(features: Features): Int32Array {
    const { declared } = features;
    if (this.weighted && declared === undefined) return features.words;
    if (this.last?.features !== features) {
      const found = this.weighted ? features.words : this.bandsOf(features.hashes);
      this.last = { features, keys: declared === undefined ? found : joinKeys(declared, found) };
    }
    return this.last.keys;
  }

  private bandsOf(hashes: Int32Array): Int32Array {
    return hashes.length === 0 ? hashes : bandKeys(signature(hashes, this.slots));
  }

  /** Verified candidates with similarity of `least` or more, best first, ties by age. */
  matches(features: Features, least: number, accept?: (entry: NearEntry) => boolean): Match[] {
    const found = this.blocks.search(this.keysOf(features), accept);
    const matches: Match[] = [];
    for (const entry of found) {
      const score = this.similarity(features, entry.features);
      if (score >= least) matches.push({ entry, score });
    }
    return matches.sort((a, b) => b.score - a.score || a.entry.seq - b.entry.seq);
  }

  similarity(a: Features, b: Features): number {
    const alike = this.wordsAlike(a, b);
    const { compare } = this.options;
    if (compare === undefined || a.values === undefined || b.values === undefined) return alike;
    return compare.combine(alike, a.values, b.values);
  }

  /** How alike the fields compared one by one are; undefined when there are none. */
  compared(a: Features, b: Features): Readonly<Record<string, number>> | undefined {
    if (a.values === undefined || b.values === undefined) return undefined;
    return this.options.compare?.likenesses(a.values, b.values);
  }

  private wordsAlike(a: Features, b: Features): number {
    if (!this.weighted) return jaccard(a.hashes, b.hashes);
    const alike = cosine(a, b, this.frequencies);
    return this.options.codes && differ(a.codes, b.codes) ? alike * OTHER_CODES : alike;
  }

  add(made: Pick<NearEntry, 'features' | 'origin' | 'time' | 'side' | 'cluster'>): NearEntry {
    const entry: NearEntry = {
      ...made,
      seq: this.nextSeq++,
      keys: this.keysOf(made.features),
      place: -1,
      partner: -1,
      score: 0,
    };
    this.store.put(String(entry.seq), entry);
    this.hold(entry);
    return entry;
  }

  get(seq: number): NearEntry | undefined {
    return this.bySeq.get(seq);
  }

  /** The cluster of each record held. */
  clusters(): readonly string[] {
    return this.store.values().map(({ cluster }) => cluster);
  }

  /** Something of the entry changed: it becomes the newest. */
  touch(entry: NearEntry): void {
    this.store.put(String(entry.seq), entry);
    this.blocks.remove(entry);
    this.blocks.add(entry);
  }

  oldest(): NearEntry | undefined {
    return this.store.oldest();
  }

  /** Forgets the oldest entry. */
  shift(): void {
    const [, entry] = this.store.shift() ?? [];
    if (entry === undefined) return;
    this.bySeq.delete(entry.seq);
    this.blocks.remove(entry);
    const { hashes, values } = entry.features;
    if (this.weighted) this.frequencies.remove(hashes);
    if (values !== undefined) this.options.compare?.remove(values);
  }

  /** How much a word tells of a record. */
  rarity(word: number): number {
    return -this.blocks.sizeOf(word);
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

  private get weighted(): boolean {
    return this.options.features !== 'shingles';
  }

  private hold(entry: NearEntry): void {
    this.bySeq.set(entry.seq, entry);
    this.blocks.add(entry);
    const { hashes, values } = entry.features;
    if (this.weighted) this.frequencies.add(hashes);
    if (values !== undefined) this.options.compare?.add(values);
  }
}

/** Both carry codes, and none of them is the same. */
function differ(a: Int32Array, b: Int32Array): boolean {
  return a.length > 0 && b.length > 0 && jaccard(a, b) === 0;
}
