import type { FieldSlot } from '../../core/field.ts';
import type { DeclaredKey } from './declared-keys.ts';
import type { FieldComparison } from './field-comparisons.ts';
import type { FeatureKind } from './near-settings.ts';
import type { Survivorship } from './survivorship.ts';

export type NearWindow =
  | { readonly kind: 'all' }
  | { readonly kind: 'records'; readonly records: number }
  | { readonly kind: 'time'; readonly ms: number };

/** What becomes of near-duplicates. */
export type NearAction =
  | { readonly kind: 'flag' | 'drop' }
  | { readonly kind: 'merge'; readonly rules: Survivorship; readonly graceMs: number };

export interface NearOptions {
  readonly fields: readonly FieldSlot[];
  /** Blocking keys beside the words. */
  readonly keys: readonly DeclaredKey[];
  /** Fields compared one by one, beside the words. */
  readonly compare: readonly FieldComparison[];
  readonly features: FeatureKind;
  readonly codes: boolean;
  readonly threshold: number;
  /** Similarity from which a record that is no near-duplicate is said to be related; below the threshold, if any. */
  readonly related: number | undefined;
  /** Near-duplicates as alike as this, or more, leave by the port `duplicates`; infinite where none does. */
  readonly dropFrom: number;
  readonly action: NearAction;
  readonly into: FieldSlot | undefined;
  readonly source: FieldSlot | undefined;
  readonly oneToOne: boolean;
  readonly window: NearWindow;
  readonly blockCap: number;
}
