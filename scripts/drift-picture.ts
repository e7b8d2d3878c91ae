import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mix32 } from '../src/core/hash.ts';
import type { AlarmFacts } from '../src/kernels/drift/column.ts';
import { NumericColumn } from '../src/kernels/drift/numeric-column.ts';

const REFERENCE_YEARS = 40;
/** One false alarm in this many years. */
const FALSE_ALARM_EVERY = 10_000;

const WIDTH = 760;
const PLOT = { left: 50, top: 30, width: 690, height: 230 };

/** `docs/pictures/drift-alarm.svg`: the yearly global temperature, the alarm of detect-drift and its change point. */
export function driftPicture(root: string): { readonly path: string; readonly content: string } {
  const series = readSeries(root);
  const { at, alarm } = watch(series.map(({ value }) => value));
  const values = series.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const px = (i: number): number => Math.round(PLOT.left + (i / (series.length - 1)) * PLOT.width);
  const py = (value: number): number => Math.round(PLOT.top + PLOT.height * (1 - (value - low) / (high - low)));
  const bottom = PLOT.top + PLOT.height;
  const line = (i: number, color: string, text: string, y: number): string =>
    `<line x1="${px(i)}" x2="${px(i)}" y1="${PLOT.top}" y2="${bottom}" stroke="${color}" stroke-width="2"/><text x="${px(i) + 5}" y="${y}" fill="${color}" font-weight="bold">${text} ${series[i]!.year}</text>`;
  const ticks = series
    .map(({ year }, i) => ({ year, i }))
    .filter(({ year }) => year % 20 === 0)
    .map(({ year, i }) => `<text x="${px(i)}" y="${bottom + 16}" text-anchor="middle">${year}</text>`);
  const marks = [low, 0, high].map(
    (value) => `<text x="${PLOT.left - 6}" y="${py(value) + 4}" text-anchor="end">${value.toFixed(1)}</text>`,
  );
  const content = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} 300" font-family="sans-serif" font-size="11">
<title>Yearly global temperature with reference, change point and alarm</title>
<rect width="${WIDTH}" height="300" fill="#ffffff"/>
<rect x="${px(0)}" y="${PLOT.top}" width="${px(REFERENCE_YEARS - 1) - px(0)}" height="${PLOT.height}" fill="#eef2f6"/>
<text x="${px(0) + 5}" y="${PLOT.top + 14}" fill="#5b7fa6">reference</text>
${[...marks, ...ticks].join('\n')}
<polyline fill="none" stroke="#1f3d63" stroke-width="1.5" points="${values.map((value, i) => `${px(i)},${py(value)}`).join(' ')}"/>
${line(alarm.offset, '#3f8f6b', 'change point', PLOT.top + 14)}
${line(at, '#b5402f', 'alarm', PLOT.top + 32)}
<text x="${PLOT.left}" y="18">global temperature against the mean of the 20th century, °C (${alarm.chart}, ${alarm.direction}, ${alarm.effect.sd.toFixed(1)} sd)</text>
</svg>
`;
  return { path: 'docs/pictures/drift-alarm.svg', content };
}

function readSeries(root: string): readonly { readonly year: number; readonly value: number }[] {
  const [, ...lines] = readFileSync(join(root, 'node_modules', 'vega-datasets', 'data', 'global-temp.csv'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => {
    const [year, value] = line.split(',');
    return { year: Number(year), value: Number(value) };
  });
}

function watch(values: readonly number[]): { readonly at: number; readonly alarm: AlarmFacts } {
  const place = { offset: 0, index: -1, time: Number.NaN, hour: -1, draw: 0 };
  let found: { at: number; alarm: AlarmFacts } | undefined;
  const nothing = (): void => {};
  const column = new NumericColumn('temp', {
    settings: {
      referenceRecords: REFERENCE_YEARS,
      runLength: FALSE_ALARM_EVERY,
      minJs: 0.05,
      minSd: 0.1,
      holdOffRecords: values.length,
      holdOffMs: 0,
      season: 'none',
      guarantee: 'none',
      rebaselineAfter: 0,
    },
    place,
    sink: {
      alarm: (_column, alarm) => {
        found = { at: place.offset, alarm };
      },
      recovered: nothing,
      referenced: nothing,
      rebaselined: nothing,
    },
    seed: 1,
  });
  for (const [i, value] of values.entries()) {
    place.offset = i;
    place.draw = mix32(i);
    column.observe(value);
  }
  if (found === undefined) throw new Error('the series raises no alarm: the picture would be empty');
  return found;
}
