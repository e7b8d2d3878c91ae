import { uniform } from '../src/core/hash.ts';
import type { VoteMethod, VoterReport } from '../src/kernels/vote/vote-settings.ts';
import { DEFAULT_SETTINGS } from '../src/kernels/vote/vote-settings.ts';
import { VoteStream } from '../src/kernels/vote/vote-stream.ts';

const ITEMS = 600;
/** Of the voters, from worst to best; the first is worse than a coin. */
const ACCURACY = [0.35, 0.55, 0.6, 0.65, 0.9] as const;
const EVERY = 20;
const SEED = 11;

const WIDTH = 760;
const PANEL = { left: 50, width: 560, height: 170 };
const COLORS = ['#b5402f', '#8a8a8a', '#5b7fa6', '#3f8f6b', '#1f3d63'] as const;

interface Line {
  readonly name: string;
  readonly color: string;
  /** [items closed, share]. */
  readonly points: readonly (readonly [number, number])[];
}

/** `docs/pictures/votes-run.svg`: a seeded run of the vote stream, what it tells and what it learns. */
export function votesPicture(): { readonly path: string; readonly content: string } {
  const hds = run('hds');
  const majority = run('majority');
  const top = panel(20, 'right labels among the items closed so far', [0.5, 1], [
    { name: 'hds, as told at the close', color: COLORS[2], points: hds.told },
    { name: 'hds, after revisions', color: COLORS[4], points: hds.revised },
    { name: 'majority (a tie is wrong)', color: COLORS[1], points: majority.told },
  ]); // biome-ignore format: a table
  const learned = ACCURACY.map((accuracy, w) => ({
    name: `voter of accuracy ${accuracy}`,
    color: COLORS[w]!,
    points: hds.reports.get(`w${w}`) ?? [],
  }));
  const bottom = panel(260, 'accuracy learned of each voter', [0.2, 1], learned);
  const content = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 480" font-family="sans-serif" font-size="11">
<title>A run of the vote stream: right labels among the items closed, and what is learned of the voters</title>
<rect width="${WIDTH}" height="480" fill="#ffffff"/>
${top}
${bottom}
<text x="${PANEL.left + PANEL.width / 2}" y="470" text-anchor="middle">items closed (${ITEMS}, five votes each, closed by the fifth; seed ${SEED})</text>
</svg>
`;
  return { path: 'docs/pictures/votes-run.svg', content };
}

function run(method: VoteMethod) {
  const first = new Map<unknown, unknown>();
  const last = new Map<unknown, unknown>();
  const reports = new Map<unknown, [number, number][]>();
  const told: [number, number][] = [];
  const revised: [number, number][] = [];
  const truth = (i: number) => (uniform(SEED, 1, i) < 0.5 ? 'yes' : 'no');
  const score = (labels: ReadonlyMap<unknown, unknown>) =>
    [...labels].filter(([item, label]) => label === truth(Number(item))).length / labels.size;
  let closed = 0;
  const votes = new VoteStream(
    {
      ...DEFAULT_SETTINGS,
      method,
      reportEvery: EVERY,
      close: { minVotes: 'all', confidence: 1, maxVotes: ACCURACY.length },
    },
    {
      consensus({ item, label }) {
        if (!first.has(item)) first.set(item, label);
        last.set(item, label);
      },
      report({ voter, accuracy }: VoterReport) {
        const points = reports.get(voter) ?? [];
        points.push([closed, accuracy]);
        reports.set(voter, points);
      },
      revised() {},
      request() {},
      evicted() {},
    },
  );
  for (let i = 0; i < ITEMS; i++) {
    closed = i + 1;
    for (const [w, accuracy] of ACCURACY.entries()) {
      const right = uniform(SEED, 2, i, w) < accuracy;
      votes.vote({ item: i, voter: `w${w}`, label: right === (truth(i) === 'yes') ? 'yes' : 'no' }, 0);
    }
    if (first.size === 0 || closed % EVERY !== 0) continue;
    told.push([closed, score(first)]);
    revised.push([closed, score(last)]);
  }
  return { told, revised, reports };
}

function panel(y: number, title: string, [low, high]: readonly [number, number], lines: readonly Line[]): string {
  const { left, width, height } = PANEL;
  const px = (items: number) => Math.round(left + (items / ITEMS) * width);
  const py = (share: number) => Math.round(y + height - ((share - low) / (high - low)) * height);
  const marks = [low, (low + high) / 2, high].map(
    (share) =>
      `<line x1="${left}" x2="${left + width}" y1="${py(share)}" y2="${py(share)}" stroke="#dddddd"/><text x="${left - 6}" y="${py(share) + 4}" text-anchor="end">${share.toFixed(2)}</text>`,
  );
  const ticks = [0, 150, 300, 450, 600].map(
    (items) => `<text x="${px(items)}" y="${y + height + 14}" text-anchor="middle">${items}</text>`,
  );
  const drawn = lines.map(({ color, points }) => {
    const path = points.map(([items, share]) => `${px(items)},${py(Math.max(low, Math.min(high, share)))}`).join(' ');
    return `<polyline fill="none" stroke="${color}" stroke-width="2" points="${path}"/>`;
  });
  const names = lines.map(
    ({ name, color }, n) =>
      `<text x="${left + width + 8}" y="${y + 14 + 18 * n}" fill="${color}" font-weight="bold">${name}</text>`,
  );
  return [`<text x="${left}" y="${y - 6}">${title}</text>`, ...marks, ...ticks, ...drawn, ...names].join('\n');
}
