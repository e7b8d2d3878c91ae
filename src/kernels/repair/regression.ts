/** Weight the past keeps a point: about a thousand points count. */
const FORGET = 0.999;
/** Points before a regression is used. */
const MIN_POINTS = 30;
const MIN_CORRELATION = 0.7;

/** How two fields of a series go together; plain numbers, so that it can be stored as it is. */
export interface Regression {
  points: number;
  /** Sum of the weights of all points. */
  mass: number;
  meanX: number;
  meanY: number;
  varX: number;
  varY: number;
  covariance: number;
  /** Mean squared error of prediction. */
  error: number;
}

export function newRegression(): Regression {
  return { points: 0, mass: 0, meanX: 0, meanY: 0, varX: 0, varY: 0, covariance: 0, error: 0 };
}

/** y where x is known. */
export function predict(r: Regression, x: number): number {
  return r.varX > 0 ? r.meanY + (r.covariance / r.varX) * (x - r.meanX) : r.meanY;
}

/**
 * Learns a pair, after the error of its prediction has been taken.
 *
 * Idea: recursive least squares with forgetting, for one regressor and an intercept, is the ratio of the decayed
 * covariance and variance: the same numbers without a matrix, whatever the units. Cost: some 30 operations, 8 numbers.
 * Source: METHODS 7.3 (RLS, λ = .999); Finch 2009 (decayed moments).
 */
export function learnPair(r: Regression, x: number, y: number): void {
  r.mass = FORGET * r.mass + 1;
  const share = 1 / r.mass;
  if (r.points >= 2) {
    const miss = y - predict(r, x);
    r.error += Math.max(share, 1 / (r.points - 1)) * (miss * miss - r.error);
  }
  const dx = x - r.meanX;
  const dy = y - r.meanY;
  r.meanX += share * dx;
  r.meanY += share * dy;
  r.varX = (1 - share) * (r.varX + share * dx * dx);
  r.varY = (1 - share) * (r.varY + share * dy * dy);
  r.covariance = (1 - share) * (r.covariance + share * dx * dy);
  r.points++;
}

/** Whether the two go together well enough, and long enough, to be used. */
export function isUseful(r: Regression): boolean {
  return r.points >= MIN_POINTS && r.covariance * r.covariance >= MIN_CORRELATION ** 2 * r.varX * r.varY && r.varX > 0;
}
