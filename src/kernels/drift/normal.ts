/**
 * The standard normal distribution.
 * `normalCdf`: absolute error below 1e-15. `normalQuantile`: relative error about 1e-16, for p in (0, 1).
 *
 * Source: Wichura 1988, algorithm AS 241 (PPND16); cdf by the continued fraction and series of Abramowitz & Stegun 26.2.11, 26.2.14.
 */
export function normalCdf(x: number): number {
  if (x === 0) return 0.5;
  const z = Math.abs(x);
  if (z > 38) return x < 0 ? 0 : 1;
  const density = Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);
  const tail = z < 5 ? 0.5 - density * oddSeries(z) : density / continuedFraction(z);
  return x < 0 ? tail : 1 - tail;
}

/** x + x³/3 + x⁵/15 + … */
function oddSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let i = 3; term > sum * 1e-17; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return sum;
}

/** x + 1 / (x + 2 / (x + 3 / …)), from the inside out. */
function continuedFraction(x: number): number {
  let value = x;
  for (let i = 60; i >= 1; i--) value = x + i / value;
  return value;
}

export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (q >= -0.425 && q <= 0.425) {
    const r = 0.180625 - q * q;
    return (
      (q *
        (((((((2509.0809287301227 * r + 33430.57558358813) * r + 67265.7709270087) * r + 45921.95393154987) * r +
          13731.69376550946) *
          r +
          1971.5909503065513) *
          r +
          133.14166789178438) *
          r +
          3.3871328727963665)) /
      (((((((5226.495278852546 * r + 28729.085735721943) * r + 39307.89580009271) * r + 21213.794301586597) * r +
        5394.196021424751) *
        r +
        687.1870074920579) *
        r +
        42.31333070160091) *
        r +
        1)
    );
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const value = r <= 5 ? nearTail(r - 1.6) : farTail(r - 5);
  return q < 0 ? -value : value;
}

function nearTail(r: number): number {
  return (
    (((((((0.0007745450142783414 * r + 0.022723844989269184) * r + 0.2417807251774506) * r + 1.2704582524523684) * r +
      3.6478483247632045) *
      r +
      5.769497221460691) *
      r +
      4.630337846156546) *
      r +
      1.4234371107496835) /
    (((((((1.0507500716444169e-9 * r + 0.0005475938084995345) * r + 0.015198666563616457) * r + 0.14810397642748008) *
      r +
      0.6897673349851) *
      r +
      1.6763848301838038) *
      r +
      2.053191626637759) *
      r +
      1)
  );
}

function farTail(r: number): number {
  return (
    (((((((2.0103343992922881e-7 * r + 2.7115555687434876e-5) * r + 0.0012426609473880784) * r + 0.026532189526576124) *
      r +
      0.29656057182850487) *
      r +
      1.7848265399172913) *
      r +
      5.463784911164114) *
      r +
      6.657904643501103) /
    (((((((2.0442631033899397e-15 * r + 1.421511758316446e-7) * r + 1.8463183175100548e-5) * r +
      0.0007868691311456133) *
      r +
      0.014875361290850615) *
      r +
      0.1369298809227358) *
      r +
      0.599832206555888) *
      r +
      1)
  );
}
