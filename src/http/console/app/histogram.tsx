import { percent, plain, visible } from './format.ts';

interface BinShare {
  readonly label: string;
  readonly before: number;
  readonly after: number;
}

/** Shares before and after the change, bin by bin or category by category. */
export function Histogram({ of, after = 'since the change' }: { of: unknown; after?: string }) {
  const bins = binsOf(of);
  if (bins.length === 0) return null;
  const top = Math.max(...bins.flatMap(({ before, after }) => [before, after]), 1e-9);
  const column = (share: number, at: number) => (
    <rect x={at} width={4} y={60 - (share / top) * 58} height={(share / top) * 58} />
  );
  return (
    <figure>
      <svg
        class="histogram"
        viewBox={`0 0 ${bins.length * 10} 60`}
        preserveAspectRatio="none"
        role="img"
        aria-label="Reference and current distribution"
      >
        {bins.map(({ label, before, after }, i) => (
          <g key={label}>
            <title>{`${label}: ${percent(before)} before, ${percent(after)} after`}</title>
            <g class="reference">{column(before, i * 10 + 0.5)}</g>
            <g class="current">{column(after, i * 10 + 5)}</g>
          </g>
        ))}
      </svg>
      <figcaption>
        <span class="key reference" /> reference <span class="key current" /> {after}
        <span class="soft">
          {' '}
          {visible(bins[0]?.label ?? '')} … {visible(bins.at(-1)?.label ?? '')}
        </span>
      </figcaption>
    </figure>
  );
}

/** Bins as the event tells them: `from` and `to` of a number, or a `category`, with the shares `before` and `after`. */
function binsOf(histogram: unknown): readonly BinShare[] {
  if (!Array.isArray(histogram)) return [];
  return histogram.flatMap((bin: Readonly<Record<string, unknown>>) => {
    const before = Number(bin.before);
    const after = Number(bin.after);
    const label = 'category' in bin ? plain(bin.category ?? 'others') : rangeOf(bin.from, bin.to);
    return Number.isFinite(before) && Number.isFinite(after) ? [{ label, before, after }] : [];
  });
}

function rangeOf(from: unknown, to: unknown): string {
  if (typeof from !== 'number') return `up to ${edge(to)}`;
  return typeof to === 'number' ? `${edge(from)} to ${edge(to)}` : `above ${edge(from)}`;
}

function edge(value: unknown): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(5))) : plain(value);
}
