import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { uniform } from '../../../src/core/hash.ts';
import type { ClaimEntry, Resolved } from '../../../src/kernels/resolve/claim-entry.ts';
import {
  DEFAULT_RESOLVE,
  type ResolveSettings,
  type SourceReport,
} from '../../../src/kernels/resolve/resolve-settings.ts';
import { ResolveStream } from '../../../src/kernels/resolve/resolve-stream.ts';
import { dataPath } from '../../data.ts';

export interface Claim {
  readonly entity: string;
  readonly attribute?: string;
  readonly source: string;
  readonly value: string | number | null;
}

export class Run {
  readonly last = new Map<string, Resolved>();
  readonly reports = new Map<unknown, SourceReport>();
  readonly revisions: string[] = [];
  readonly stream: ResolveStream;
  constructor(settings: Partial<ResolveSettings>, evicted: (what: unknown) => void = () => {}) {
    this.stream = new ResolveStream(
      { ...DEFAULT_RESOLVE, ...settings },
      {
        resolved: (entry: ClaimEntry, result: Resolved) => this.last.set(`${entry.entity}|${entry.attribute}`, result),
        revised: ({ entry, cause }) => this.revisions.push(`${entry.entity} ${entry.revision} ${cause}`),
        report: (report) => this.reports.set(report.source, report),
        evicted,
      },
    );
  }
  claim({ entity, attribute = 'a', source, value }: Claim, time = 0): string {
    return this.stream.claim(
      { entity, attribute },
      { source, value, text: value === null ? undefined : JSON.stringify(value) },
      time,
    );
  }
  value(entity: string, attribute = 'a'): unknown {
    return this.last.get(`${entity}|${attribute}`)?.value;
  }
}

export function runAll(settings: Partial<ResolveSettings>, claims: readonly Claim[]): Run {
  const run = new Run(settings);
  for (const claim of claims) run.claim(claim);
  run.stream.end();
  return run;
}

const SOURCES = 16;

/** 16 sources, two of them bad (.3), the last `copiers` of them copying a bad one 19 times in 20; truth is `t`. */
export function world(seed: number, copiers: number, entities = 300): Claim[] {
  const claims: Claim[] = [];
  for (let i = 0; i < entities; i++) {
    const said: string[] = [];
    for (let s = 0; s < SOURCES; s++) {
      if (s >= SOURCES - copiers && uniform(seed, 1, i, s) < 0.95) said[s] = said[s % 2]!;
      else {
        const accuracy = s < 2 ? 0.3 : 0.65 + 0.25 * uniform(seed, 2, s);
        said[s] = uniform(seed, 3, i, s) < accuracy ? 't' : `f${Math.floor(uniform(seed, 4, i, s) * 5)}`;
      }
      claims.push({ entity: `e${i}`, source: `s${s}`, value: said[s]! });
    }
  }
  return claims;
}

export function share(run: Run, entities = 300): number {
  let right = 0;
  for (let i = 0; i < entities; i++) if (run.value(`e${i}`) === 't') right++;
  return right / entities;
}

/** Claims of the weather sources that are numbers, and the true values: `[entity, property, value]`. */
export function weather(): {
  readonly claims: readonly Claim[];
  readonly truth: readonly (readonly [string, string, number])[];
} {
  const rows = (file: string) =>
    gunzipSync(readFileSync(dataPath(`vote/weather_sources/${file}`))).toString().trim().split('\n').slice(1).map((line) => line.trim().split(',')); // biome-ignore format: one pipeline
  const claims = rows('claims.csv.gz').flatMap(([entity, attribute, text, source]): Claim[] => {
    const value = Number(text);
    return text === '' || !Number.isFinite(value)
      ? []
      : [{ entity: entity!, attribute: attribute!, source: source!, value }];
  });
  const truth = rows('truth.csv.gz').flatMap(([entity, attribute, text]) =>
    Number.isFinite(Number(text)) ? [[entity!, attribute!, Number(text)] as const] : [],
  );
  return { claims, truth };
}

/** Mean absolute error by property. */
export function errorsOf(
  value: (entity: string, attribute: string) => unknown,
  truth: ReturnType<typeof weather>['truth'],
): Map<string, number> {
  const sums = new Map<string, { sum: number; n: number }>();
  for (const [entity, attribute, right] of truth) {
    const found = value(entity, attribute);
    if (typeof found !== 'number') continue;
    const entry = sums.get(attribute) ?? { sum: 0, n: 0 };
    sums.set(attribute, { sum: entry.sum + Math.abs(found - right), n: entry.n + 1 });
  }
  return new Map([...sums].map(([attribute, { sum, n }]) => [attribute, sum / n]));
}
