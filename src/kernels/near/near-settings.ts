/** What the records are: chooses features, similarity and threshold. */
export const NEAR_KINDS = ['text', 'person', 'product', 'place', 'publication'] as const;
export type NearKind = (typeof NEAR_KINDS)[number];

/** `shingles`: word 3-shingles of long text, else character 3-grams; `grams`: character 3-grams; `words`; `both`. */
export type FeatureKind = 'shingles' | 'grams' | 'words' | 'both';

export interface KindPreset {
  readonly features: FeatureKind;
  /** Similarity from which two records are near-duplicates, 0 to 1. */
  readonly threshold: number;
  /** The same when both sides are free of duplicates and each record has one partner: rivals keep precision up. */
  readonly linkThreshold: number;
  /** Similarity from which a near-duplicate is sure enough to be dropped. Source: METHODS 6.2. */
  readonly dropFrom: number;
  /** Similarity from which two that are no near-duplicates are worth a word. Source: METHODS 6.2. */
  readonly related?: number;
  /** Model codes that all differ cut the similarity below the threshold; not where rivals for one partner tell models apart. */
  readonly codes?: boolean;
}

/** One set of constants a kind, chosen on the public sets of docs/near.md; `threshold` overrides. */
export const PRESETS: Readonly<Record<NearKind, KindPreset>> = {
  text: { features: 'shingles', threshold: 0.8, linkThreshold: 0.5, dropFrom: 0.8, related: 0.5 },
  person: { features: 'both', threshold: 0.4, linkThreshold: 0.4, dropFrom: 0.6 },
  product: { features: 'grams', threshold: 0.5, linkThreshold: 0.2, dropFrom: 0.6, codes: true },
  place: { features: 'both', threshold: 0.55, linkThreshold: 0.55, dropFrom: 0.6 },
  publication: { features: 'words', threshold: 0.4, linkThreshold: 0.4, dropFrom: 0.6 },
};

/** Records of one block that are candidates; the oldest of a full block leave it. */
export const DEFAULT_BLOCK_CAP = 400;
