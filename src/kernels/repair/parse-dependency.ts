/** A dependency as the user wrote it, taken apart. */
export interface DependencyText {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** CEL expression: where it holds. */
  readonly when?: string;
  readonly sure: boolean;
}

export type DependencyForm =
  | string
  | {
      readonly from: string | readonly string[];
      readonly to: string | readonly string[];
      readonly when?: string;
      readonly sure?: boolean;
    };

const ARROW = /\s*(?:->|=>|→|⇒)\s*/;

/**
 * `a, b -> c` (also `=>`, `→`, `⇒`) or `{ from, to, when, sure }`; undefined for what is neither.
 *
 * Example: `parseDependency('zip -> city')` is `{ from: ['zip'], to: ['city'], sure: false }`.
 */
export function parseDependency(form: DependencyForm): DependencyText | undefined {
  if (typeof form !== 'string') {
    const { from, to, when, sure = false } = form;
    return { from: listed(from), to: listed(to), sure, ...(when === undefined ? {} : { when }) };
  }
  const sides = form.split(ARROW);
  const [from = [], to = []] = sides.map((side) => side.split(',').map((name) => name.trim()));
  if (sides.length !== 2 || [...from, ...to].includes('')) return undefined;
  return { from, to, sure: false };
}

function listed(names: string | readonly string[]): readonly string[] {
  return typeof names === 'string' ? [names] : names;
}
