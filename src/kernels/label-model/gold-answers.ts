/** What rules said where people know the truth: counts `[(r · K + truth) · (K + 1) + answer + 1]`. */
export class GoldAnswers {
  readonly counts: Float64Array;
  private readonly rules: number;
  private readonly labels: number;

  constructor(rules: number, labels: number) {
    this.rules = rules;
    this.labels = labels;
    this.counts = new Float64Array(rules * labels * (labels + 1));
  }

  /** Puts a verdict in (1), or takes one out again with the answers it was put in with (-1). */
  add(answers: Int16Array, truth: number, sign: 1 | -1): void {
    for (let r = 0; r < this.rules; r++) this.counts[this.at(r, truth, answers[r]!)]! += sign;
  }

  /** Share of right answers of a rule, of those that say `answer` where that is given; undefined without one. */
  precision(rule: number, answer?: number): number | undefined {
    let right = 0;
    let said = 0;
    for (let truth = 0; truth < this.labels; truth++)
      for (let l = 0; l < this.labels; l++) {
        if (answer !== undefined && l !== answer) continue;
        const value = this.counts[this.at(rule, truth, l)]!;
        said += value;
        if (truth === l) right += value;
      }
    return said > 0 ? right / said : undefined;
  }

  private at(rule: number, truth: number, answer: number): number {
    return (rule * this.labels + truth) * (this.labels + 1) + answer + 1;
  }
}
