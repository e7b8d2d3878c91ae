const START_ACCURACY = 0.7;
/** Below this many shared entries nothing is said about copying. */
const MIN_SHARED = 10;
/** Copy rate assumed by the first look, which knows agreement alone: high, so that accurate sources do not look like copies. */
const FIRST_COPY_RATE = 0.8;

export interface CopySettings {
  /** Assumed number of false values an attribute could have, > 1. */
  readonly falseValues: number;
  /** Share of its claims a copier copies, 0 to 1. */
  readonly copyRate: number;
  /** Prior probability that one source copies another, 0 to 1. */
  readonly copyPrior: number;
}

/** Names of the counters of a pair, and of what was last concluded from them. */
const SQUARES = ['same', 'sameFalse', 'different', 'dependence'] as const;
type Square = (typeof SQUARES)[number];

/**
 * Who depends on whom: counters of pairs of sources, and the dependence that follows.
 *
 * Idea: sources that share the same false values copy. Counts are soft: a value more likely true than not counts by P
 * as shared truth, any other by 1 - P as shared error; the lesser part is left out, since a tenth of an error would
 * weigh as much evidence of copying as ten shared truths against it.
 * State: 4 doubles a pair, upper triangles in squares `[a · room + b]`, a < b; the dependence is symmetric.
 *
 * Source: Dong, Berti-Équille & Srivastava 2009 (PVLDB 2:1, sections 3 and 4).
 */
export class SourcePairs {
  private readonly settings: CopySettings;
  private room = 0;
  private squares: Record<Square, Float64Array> = {
    same: new Float64Array(0),
    sameFalse: new Float64Array(0),
    different: new Float64Array(0),
    dependence: new Float64Array(0),
  };

  constructor(settings: CopySettings) {
    this.settings = settings;
  }

  get bytes(): number {
    return this.room * this.room * 32;
  }

  reserve(sources: number): void {
    if (sources <= this.room) return;
    const { room: before } = this;
    const room = Math.max(16, before * 2, sources);
    for (const name of SQUARES) {
      const next = new Float64Array(room * room);
      for (let a = 0; a < before; a++) next.set(this.squares[name].subarray(a * before, (a + 1) * before), a * room);
      this.squares[name] = next;
    }
    this.room = room;
  }

  /** Two sources claimed something about one entry; `p`: how likely what the first said is true. */
  count(x: number, y: number, said: { readonly same: boolean; readonly p: number; readonly sign: 1 | -1 }): void {
    const at = Math.min(x, y) * this.room + Math.max(x, y);
    if (!said.same) this.squares.different[at]! += said.sign;
    else if (said.p >= 0.5) this.squares.same[at]! += said.sign * said.p;
    else this.squares.sameFalse[at]! += said.sign * (1 - said.p);
  }

  /** Concludes anew for all pairs. `accuracy` undefined: nothing is known yet but who agrees with whom. */
  refresh(sources: number, accuracy: ((source: number) => number) | undefined): void {
    const { dependence } = this.squares;
    for (let a = 0; a < sources; a++)
      for (let b = a + 1; b < sources; b++) {
        const d = this.conclude(a, b, accuracy);
        dependence[a * this.room + b] = d;
        dependence[b * this.room + a] = d;
      }
  }

  /** Probability that one of two copies from the other, as of the last refresh. */
  dependence(a: number, b: number): number {
    return this.squares.dependence[a * this.room + b]!;
  }

  save(sources: number): Record<Square, number[][]> {
    const rows = (square: Float64Array) =>
      Array.from({ length: sources }, (_, a) => [...square.subarray(a * this.room, a * this.room + sources)]);
    const { same, sameFalse, different, dependence } = this.squares;
    return {
      same: rows(same),
      sameFalse: rows(sameFalse),
      different: rows(different),
      dependence: rows(dependence),
    };
  }

  load(stored: Record<Square, number[][]>): void {
    this.reserve(stored.same.length);
    for (const name of SQUARES)
      for (const [a, row] of stored[name].entries()) this.squares[name].set(row, a * this.room);
  }

  private conclude(a: number, b: number, accuracy: ((source: number) => number) | undefined): number {
    const at = a * this.room + b;
    const kt = this.squares.same[at]!;
    const kf = this.squares.sameFalse[at]!;
    const kd = this.squares.different[at]!;
    if (kt + kf + kd < MIN_SHARED) return 0;
    const { copyRate: c, copyPrior, falseValues } = this.settings;
    if (accuracy === undefined) return firstLook(kt + kf, kd, this.settings);
    const accuracyA = accuracy(a);
    const accuracyB = accuracy(b);
    const pt = accuracyA * accuracyB;
    const pf = ((1 - accuracyA) * (1 - accuracyB)) / falseValues;
    const pd = 1 - pt - pf;
    const copied = (from: number) =>
      kt * Math.log((c * from + (1 - c) * pt) / pt) +
      kf * Math.log((c * (1 - from) + (1 - c) * pf) / pf) +
      kd * Math.log(((1 - c) * pd) / pd);
    const one = copied(accuracyA);
    const two = copied(accuracyB);
    const top = Math.max(one, two);
    const gain = top + Math.log((Math.exp(one - top) + Math.exp(two - top)) / 2);
    return posteriorOf(copyPrior, gain);
  }
}

/**
 * Dependence from agreement alone. Before accuracies are known accurate sources look like copies too, so a pair is
 * discounted by the copy rate that would explain its agreement, not by the assumed one: full copies weigh as one.
 */
function firstLook(same: number, different: number, { copyPrior, copyRate }: CopySettings): number {
  const agree = START_ACCURACY * START_ACCURACY;
  const rate = (same / (same + different) - agree) / (1 - agree);
  return (posteriorOf(copyPrior, agreementGain(same, different)) * Math.max(0, rate)) / copyRate;
}

/** log L' - log L from agreement alone, at the start accuracy: no truth is assumed, so a copying majority cannot hide in it. */
function agreementGain(same: number, different: number): number {
  const agree = START_ACCURACY * START_ACCURACY;
  return (
    same * Math.log((FIRST_COPY_RATE + (1 - FIRST_COPY_RATE) * agree) / agree) +
    different * Math.log(1 - FIRST_COPY_RATE)
  );
}

function posteriorOf(prior: number, gain: number): number {
  return 1 / (1 + ((1 - prior) / prior) * Math.exp(-Math.min(700, Math.max(-700, gain))));
}
