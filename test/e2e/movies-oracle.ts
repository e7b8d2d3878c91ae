import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the movies topology must give, derived from the list by a plain loop that shares no code with the engine. */
export interface MoviesOracle {
  readonly in: number;
  readonly curated: number;
  readonly duplicate: number;
  readonly quarantined: number;
  readonly released: number;
  readonly missingTitle: number;
}

interface Film {
  readonly Title: string | number | null;
  readonly 'Release Date': string | null;
  readonly 'US Gross': number | null;
  readonly 'Worldwide Gross': number | null;
  readonly 'IMDB Rating': number | null;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function films(): readonly Film[] {
  const path = join(import.meta.dirname, '..', '..', 'node_modules', 'vega-datasets', 'data', 'movies.json');
  return JSON.parse(readFileSync(path, 'utf8'));
}

export function moviesOracle(deliveries: readonly Film[]): MoviesOracle {
  const seen = new Set<string>();
  const result = { in: 0, curated: 0, duplicate: 0, quarantined: 0, released: 0, missingTitle: 0 };
  for (const film of deliveries) {
    result.in++;
    const title = film.Title === null ? null : String(film.Title).trim().replace(/\s+/g, ' ');
    const released = isoDate(film['Release Date']);
    const gross = film['US Gross'] || null;
    const world = film['Worldwide Gross'] || null;
    const rating = film['IMDB Rating'];
    const year = released === null ? null : Number(released.slice(0, 4));
    const implausible = released !== null && (year === null || Number.isNaN(year) || year < 1900 || year > 2012);
    const bad =
      title === null ||
      implausible ||
      (rating !== null && (rating < 0 || rating > 10)) ||
      (gross !== null && world !== null && gross > world);
    if (title === null) result.missingTitle++;
    if (implausible) result.released++;
    if (bad) {
      result.quarantined++;
      continue;
    }
    const key = JSON.stringify([title, released]);
    if (seen.has(key)) result.duplicate++;
    else {
      seen.add(key);
      result.curated++;
    }
  }
  return result;
}

/** `Jun 12 1998` → `1998-06-12`; what is not of that shape stays as it is. */
function isoDate(text: string | null): string | null {
  if (text === null) return null;
  const match = /^([A-Z][a-z]{2}) (\d{1,2}) (\d{4})$/.exec(text.trim());
  if (match === null) return text;
  const month = MONTHS.indexOf(match[1] ?? '') + 1;
  return `${match[3]}-${String(month).padStart(2, '0')}-${String(match[2]).padStart(2, '0')}`;
}
