import { Cosines } from './cosines.ts';
import { joinKeys } from './declared-keys.ts';
import type { Features } from './features.ts';
import { FeatureFrequencies } from './frequencies.ts';
import { bandKeys, SLOTS, signature } from './min-hash.ts';
import type { FeatureKind } from './near-settings.ts';
import { PackedFeatures, SECTION } from './packed-features.ts';
import { jaccard } from './similarity.ts';

/** What the likeness of two records is worth when their model codes are all different. */
const OTHER_CODES = 0.35;
const NO_BANDS = new Int32Array(0);

/**
 * Features of the records held, by address, and how alike a record is to them.
 *
 * Text: 32 bands of 4 slots of a MinHash signature, compared by exact Jaccard. Records: words, compared by TF-IDF cosine
 * with the frequencies of the records that are counted.
 */
export class HeldFeatures {
  private readonly isText: boolean;
  private readonly codes: boolean;
  private readonly packed = new PackedFeatures();
  private readonly frequencies = new FeatureFrequencies();
  private readonly cosines = new Cosines(this.frequencies, this.packed);
  private readonly slots = new Int32Array(SLOTS);
  /** A record is looked for, then added: its signature is made once. */
  private last: { readonly features: Features; readonly bands: Int32Array } | undefined;

  /** `codes`: records with model codes of which none is shared are less alike. */
  constructor({ features, codes }: { readonly features: FeatureKind; readonly codes: boolean }) {
    this.isText = features === 'shingles';
    this.codes = codes;
  }

  /** Blocks the features stand in. */
  keysOf(features: Features): Int32Array {
    const found = this.isText ? this.bandsOf(features) : features.words;
    return features.declared === undefined ? found : joinKeys(features.declared, found);
  }

  /** Gives the address. They are not counted yet. */
  pack(features: Features): number {
    return this.packed.pack(features, this.bandsOf(features));
  }

  /** From now on they count in the frequencies, and can be compared with. */
  count(address: number): void {
    if (this.isText) return;
    const features = this.packed.section(address, SECTION.features);
    this.frequencies.add(features, features); // ids from now on
  }

  /** Takes them out of the frequencies; they stay where they are until they are released. */
  uncount(address: number): void {
    if (!this.isText) this.frequencies.remove(this.hashesAt(address));
  }

  /** Moves them to those packed last; gives the address from now on. */
  renew(address: number): number {
    return this.packed.repack(address);
  }

  release(address: number): void {
    this.packed.release(address);
  }

  bytesOf(address: number): number {
    return this.packed.bytesOf(address);
  }

  /** Blocks those at the address stand in. */
  keysAt(address: number): Int32Array {
    return this.isText
      ? this.packed.section(address, SECTION.declared, SECTION.bands)
      : this.packed.section(address, SECTION.words, SECTION.declared);
  }

  /** Hashes, ascending. */
  wordsAt(address: number): Int32Array {
    return this.packed.section(address, SECTION.words);
  }

  /** What was packed, once it is counted. */
  at(address: number): Features {
    return this.packed.unpack(address, this.hashesAt(address));
  }

  /** How alike the record is to those at the addresses, 0 to 1. */
  likenesses(features: Features, addresses: Int32Array): Float64Array {
    const { packed } = this;
    if (this.isText)
      return Float64Array.from(addresses, (at) => jaccard(features.hashes, packed.section(at, SECTION.features)));
    const scores = this.cosines.of(features, addresses);
    if (!this.codes || features.codes.length === 0) return scores;
    for (let i = 0; i < scores.length; i++) {
      const codes = packed.section(addresses[i]!, SECTION.codes);
      if (codes.length > 0 && jaccard(features.codes, codes) === 0) scores[i]! *= OTHER_CODES;
    }
    return scores;
  }

  private hashesAt(address: number): Int32Array {
    const held = this.packed.section(address, SECTION.features);
    return this.isText ? held.slice() : held.map((id) => this.frequencies.hashOf(id));
  }

  private bandsOf(features: Features): Int32Array {
    if (!this.isText || features.hashes.length === 0) return NO_BANDS;
    if (this.last?.features !== features)
      this.last = { features, bands: bandKeys(signature(features.hashes, this.slots)) };
    return this.last.bands;
  }
}
