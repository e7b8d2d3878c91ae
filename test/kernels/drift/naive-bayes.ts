import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { dataPath } from '../../data.ts';

/** Gaussian naive Bayes of two classes, learning as it goes: the model whose errors D4 watches. */
class NaiveBayes {
  private n = [0, 0];
  private mean: number[][];
  private squares: number[][];
  private readonly features: number;

  constructor(features: number) {
    this.features = features;
    this.mean = [this.zeros(), this.zeros()];
    this.squares = [this.zeros(), this.zeros()];
  }

  reset(): void {
    this.n = [0, 0];
    this.mean = [this.zeros(), this.zeros()];
    this.squares = [this.zeros(), this.zeros()];
  }

  predict(row: readonly number[]): number {
    const score = (c: number): number => {
      let sum = Math.log((this.n[c]! + 1) / (this.n[0]! + this.n[1]! + 2));
      for (let j = 0; j < this.features; j++) {
        const variance = (this.n[c]! > 1 ? this.squares[c]![j]! / (this.n[c]! - 1) : 1) + 1e-9;
        sum -= 0.5 * Math.log(variance) + (row[j]! - this.mean[c]![j]!) ** 2 / (2 * variance);
      }
      return sum;
    };
    return score(1) > score(0) ? 1 : 0;
  }

  learn(row: readonly number[], label: number): void {
    const n = ++this.n[label]!;
    for (let j = 0; j < this.features; j++) {
      const off = row[j]! - this.mean[label]![j]!;
      this.mean[label]![j]! += off / n;
      this.squares[label]![j]! += off * (row[j]! - this.mean[label]![j]!);
    }
  }

  private zeros(): number[] {
    return new Array<number>(this.features).fill(0);
  }
}

/** A detector on a stream of errors: true means drift, and that the model starts again. */
export interface ErrorDetector {
  add(error: boolean): boolean;
}

export const CONCEPTS = {
  sine1: { file: 'drift/tornado/sine1_w_50_n_0.1_101.csv.gz', drifts: [20_000, 40_000, 60_000, 80_000], within: 250 },
  mixed: { file: 'drift/tornado/mixed_w_50_n_0.1_101.csv.gz', drifts: [20_000, 40_000, 60_000, 80_000], within: 250 },
  circles: { file: 'drift/tornado/circles_w_500_n_0.1_101.csv.gz', drifts: [25_000, 50_000, 75_000], within: 1000 },
  sea: { file: 'drift/sea/sea.csv.gz', drifts: [12_500, 25_000, 37_500], within: 1000 },
} as const;
export type Concept = keyof typeof CONCEPTS;

/** Numbers of a gzipped csv with header; p and n are 1 and 0. The label is the last column. */
export function readRows(concept: Concept): readonly (readonly number[])[] {
  const text = gunzipSync(readFileSync(dataPath(CONCEPTS[concept].file))).toString();
  const lines = text.trim().split('\n').slice(1);
  return lines.map((line) => line.split(',').map((cell) => (cell === 'p' ? 1 : cell === 'n' ? 0 : Number(cell))));
}

export interface ConceptResult {
  /** Mean records to the drifts found, how many were, alarms that belong to none, share of wrong predictions. */
  readonly delay: number;
  readonly found: number;
  readonly wrong: number;
  readonly errors: number;
  readonly drifts: number;
}

export function runConcept(concept: Concept, detector: ErrorDetector): ConceptResult {
  const rows = readRows(concept);
  const { drifts, within } = CONCEPTS[concept];
  const features = rows[0]!.length - 1;
  const model = new NaiveBayes(features);
  const delays = new Map<number, number>();
  let [wrong, errors] = [0, 0];
  for (const [at, row] of rows.entries()) {
    const error = model.predict(row) !== row[features];
    if (error) errors++;
    model.learn(row, row[features]!);
    if (!detector.add(error)) continue;
    model.reset();
    const drift = drifts.find((start) => at >= start && at < start + within);
    if (drift === undefined || delays.has(drift)) wrong++;
    else delays.set(drift, at - drift);
  }
  const sum = [...delays.values()].reduce((a, b) => a + b, 0);
  return {
    delay: sum / delays.size,
    found: delays.size,
    wrong,
    errors: errors / rows.length,
    drifts: drifts.length,
  };
}
