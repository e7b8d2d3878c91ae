/** A value a place could be given, and what that costs. */
export interface Choice {
  readonly value: unknown;
  readonly cost: number;
}

type Chosen = readonly (readonly [place: number, value: unknown])[];

/** Places changed together at most. */
const MAX_PLACES = 3;
/** Sets tried for one record; each evaluates a few rules. */
const MAX_TRIES = 5_000;

/**
 * The fewest places, and of those the cheapest values, for which `isGood` holds; undefined when there is none among
 * three places, or none was found in 5,000 tries.
 * `choices`: by place, cheapest first.
 */
export function leastChoice(
  choices: readonly (readonly Choice[])[],
  isGood: (chosen: Chosen) => boolean,
): Chosen | undefined {
  let tries = 0;
  for (let size = 1; size <= Math.min(MAX_PLACES, choices.length); size++) {
    let best: Chosen | undefined;
    let least = Number.POSITIVE_INFINITY;
    const chosen: [number, unknown][] = [];
    const extend = (from: number, cost: number): void => {
      if (chosen.length === size) {
        tries++;
        if (isGood(chosen)) {
          best = chosen.map(([place, value]) => [place, value] as const);
          least = cost;
        }
        return;
      }
      for (let place = from; place <= choices.length - (size - chosen.length); place++)
        for (const choice of choices[place]!) {
          if (cost + choice.cost >= least || tries >= MAX_TRIES) break;
          chosen.push([place, choice.value]);
          extend(place + 1, cost + choice.cost);
          chosen.pop();
        }
    };
    extend(0, 0);
    if (best !== undefined) return best;
  }
  return undefined;
}
