import { softmax } from '../vote/em-rows.ts';
import { GoldAnswers } from './gold-answers.ts';
import { answerAt, PatternTable, patternOf, SILENT } from './pattern-table.ts';
import { firstAccuracies, pairAgreement } from './rule-agreement.ts';
import { findCopies } from './rule-copies.ts';

export interface LabelModelOptions {
  /** Number of rules, 1 to 1,000. */
  readonly rules: number;
  /** Number of labels, 2 to 100. */
  readonly labels: number;
  /** Combinations of answers remembered. */
  readonly maxPatterns?: number;
}

/** Refits at 64, 128, … records, then every 1,024. */
const FIRST_FIT = 64;
const FIT_EVERY = 1_024;
/** Verdicts of people refit at 1, 2, 4, … and then each time so many came. */
const FIT_EVERY_VERDICTS = 64;
const ROUNDS = 30;
const STILL = 1e-4;
/** Votes an accuracy of .7 is worth in each rule before anything is learned. */
const START_ACCURACY = 0.7;
const START_VOTES = 10;
const PRIOR_VOTES = 10;
/**
 * Label model (data programming): rules that vote or stay silent, weighted by what their agreement says of them.
 *
 * Idea: expectation-maximization over the counts of answer patterns, not over records, so that a fit costs the same
 * after a million records as after a thousand. A rule's table holds P(answer | true label) with silence as one answer;
 * it starts from accuracies by triplets of rules. A rule that agrees with another one more than their accuracies
 * explain is a copy of it and counts by the rest.
 * In: answers (label codes or SILENT), verdicts of people. Out: P(label). All is a function of the sequence of calls.
 * Cost: an answer set rules · K; a fit patterns · rules · K · rounds, at most every 1,024 records.
 * State: the patterns (≤ 4,096) and rules² doubles.
 *
 * Source: Ratner et al. 2017 (Snorkel); Fu et al. 2020 (triplets); Dawid & Skene 1979.
 */
export class LabelModel {
  readonly rules: number;
  readonly labels: number;
  readonly patterns: PatternTable;
  seen = 0;
  /** P(answer | label): `[(r · K + j) · (K + 1) + answer + 1]`. */
  private theta: Float64Array;
  private prior: Float64Array;
  /** Share of rule r that is a copy of rule s: `[r · R + s]`, s < r. */
  private copied: Float64Array;
  private readonly gold: GoldAnswers;
  private nextFit = FIRST_FIT;
  private verdicts = 0;

  constructor({ rules, labels, maxPatterns = 4_096 }: LabelModelOptions) {
    this.rules = rules;
    this.labels = labels;
    this.patterns = new PatternTable(maxPatterns);
    this.prior = new Float64Array(labels).fill(1 / labels);
    this.copied = new Float64Array(rules * rules);
    this.gold = new GoldAnswers(rules, labels);
    this.theta = this.startTables(new Float64Array(rules).fill(START_ACCURACY));
  }

  /** Counts the answers of one record, and refits when it is time. */
  observe(answers: Int16Array): void {
    this.patterns.add(patternOf(answers));
    this.seen++;
    if (this.seen < this.nextFit) return;
    this.nextFit = this.seen < FIT_EVERY ? this.seen * 2 : this.seen + FIT_EVERY;
    this.fit();
  }

  /** P(label) for these answers, written to `q`; false when no rule spoke. */
  posterior(answers: Int16Array, q: Float64Array): boolean {
    const { labels: k, rules } = this;
    let spoke = false;
    for (let j = 0; j < k; j++) q[j] = Math.log(this.prior[j]!);
    for (let r = 0; r < rules; r++) {
      const answer = answers[r]!;
      if (answer === SILENT) continue;
      spoke = true;
      const weight = this.weightOf(r, answers);
      for (let j = 0; j < k; j++) q[j]! += weight * Math.log(this.theta[(r * k + j) * (k + 1) + answer + 1]!);
    }
    softmax(q, k);
    return spoke;
  }

  /** A person said what the label of a record with these answers is (1), or takes that back (-1). */
  verdict(answers: Int16Array, truth: number, sign: 1 | -1 = 1): void {
    this.gold.add(answers, truth, sign);
    this.verdicts++;
    const due = Math.min(FIT_EVERY_VERDICTS, 2 ** Math.floor(Math.log2(this.verdicts)));
    if (this.seen >= FIRST_FIT && this.verdicts % due === 0) this.fit();
  }

  /** Expected share of right answers when the rule speaks; verdicts of people count first where there are any. */
  accuracy(rule: number): number {
    const { labels: k } = this;
    let right = 0;
    let said = 0;
    for (let j = 0; j < k; j++)
      for (let l = 0; l < k; l++) {
        const value = this.prior[j]! * this.theta[(rule * k + j) * (k + 1) + l + 1]!;
        said += value;
        if (j === l) right += value;
      }
    return said > 0 ? right / said : START_ACCURACY;
  }

  /** Share of right answers where people gave a verdict, of those that say `answer`; undefined without one. */
  precision(rule: number, answer?: number): number | undefined {
    return this.gold.precision(rule, answer);
  }

  /** The rule it mostly copies. */
  copyOf(rule: number): number | undefined {
    for (let s = 0; s < this.rules; s++) if (this.copied[rule * this.rules + s]! > 0.5) return s;
    return undefined;
  }

  /** Expectation-maximization over the patterns. */
  fit(): void {
    const { rules, labels: k } = this;
    if (this.patterns.total === 0) return;
    const agreement = pairAgreement(this.patterns, rules);
    const accuracy = firstAccuracies(agreement, rules, k);
    this.theta = this.startTables(accuracy);
    this.prior.fill(1 / k);
    this.copied = findCopies(agreement, accuracy, k);
    const q = new Float64Array(k);
    let before = Float64Array.from(accuracy);
    for (let round = 0; round < ROUNDS; round++) {
      this.step(q);
      const now = Float64Array.from(before, (_, r) => this.accuracy(r));
      let moved = 0;
      for (let r = 0; r < rules; r++) moved = Math.max(moved, Math.abs(now[r]! - before[r]!));
      before = now;
      if (round === 4) this.copied = findCopies(agreement, now, k);
      if (round > 5 && moved < STILL) break;
    }
  }

  bytes(): number {
    const { rules, labels: k, patterns } = this;
    return patterns.size * (80 + 2 * rules) + rules * (rules + 2 * k * (k + 1)) * 8;
  }

  save(): unknown {
    return {
      seen: this.seen,
      nextFit: this.nextFit,
      patterns: this.patterns.save(),
      theta: [...this.theta],
      prior: [...this.prior],
      copied: [...this.copied],
      verdicts: this.verdicts,
      gold: [...this.gold.counts],
    };
  }

  load(state: unknown): void {
    const stored = state as {
      seen: number;
      nextFit: number;
      patterns: [string, number][];
      theta: number[];
      prior: number[];
      copied: number[];
      verdicts: number;
      gold: number[];
    }; // written by save()
    this.seen = stored.seen;
    this.nextFit = stored.nextFit;
    this.patterns.load(stored.patterns);
    this.theta.set(stored.theta);
    this.prior.set(stored.prior);
    this.copied.set(stored.copied);
    this.verdicts = stored.verdicts;
    this.gold.counts.set(stored.gold);
  }

  /** One round: posteriors of the patterns, then tables from them. */
  private step(q: Float64Array): void {
    const { rules, labels: k } = this;
    const width = k + 1;
    const counts = Float64Array.from(this.gold.counts);
    const classes = new Float64Array(k).fill(PRIOR_VOTES);
    const answers = new Int16Array(rules);
    for (const [pattern, count] of this.patterns.entries()) {
      for (let r = 0; r < rules; r++) answers[r] = answerAt(pattern, r);
      if (!this.posterior(answers, q)) continue;
      for (let j = 0; j < k; j++) {
        const value = count * q[j]!;
        classes[j]! += value;
        for (let r = 0; r < rules; r++) counts[(r * k + j) * width + answers[r]! + 1]! += value;
      }
    }
    const all = classes.reduce((a, b) => a + b, 0);
    for (let j = 0; j < k; j++) this.prior[j] = classes[j]! / all;
    for (let row = 0; row < rules * k; row++) {
      const j = row % k;
      let sum = START_VOTES;
      for (let a = 0; a < width; a++) sum += counts[row * width + a]!;
      const silence = counts[row * width]! / Math.max(1, sum - START_VOTES);
      for (let a = 0; a < width; a++)
        this.theta[row * width + a] =
          (counts[row * width + a]! + START_VOTES * startShare(a - 1, j, { k, silence })) / sum;
    }
  }

  private startTables(accuracy: Float64Array): Float64Array {
    const { rules, labels: k } = this;
    const theta = new Float64Array(rules * k * (k + 1));
    for (let r = 0; r < rules; r++)
      for (let j = 0; j < k; j++)
        for (let a = 0; a <= k; a++)
          theta[(r * k + j) * (k + 1) + a] =
            a === 0 ? 0.1 : 0.9 * (a - 1 === j ? accuracy[r]! : (1 - accuracy[r]!) / (k - 1));
    return theta;
  }

  /** What is left of a rule's weight when the rules before it that spoke are taken for its originals. */
  private weightOf(rule: number, answers: Int16Array): number {
    let weight = 1;
    for (let s = 0; s < rule; s++) {
      const share = this.copied[rule * this.rules + s]!;
      if (share > 0 && answers[s]! !== SILENT) weight *= 1 - share;
    }
    return weight;
  }
}

function startShare(answer: number, truth: number, at: { readonly k: number; readonly silence: number }): number {
  if (answer === SILENT) return at.silence;
  const right = answer === truth ? START_ACCURACY : (1 - START_ACCURACY) / (at.k - 1);
  return (1 - at.silence) * right;
}
