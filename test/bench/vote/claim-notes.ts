import { errorsOf, runAll, share, weather, world } from '../../kernels/resolve/claim-runs.ts';
import { median } from '../table.ts';

const PROPERTIES = ['T', 'R', 'H', 'P', 'V'] as const;
const COPYING_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

/** Mean error on the weather sources beside plain median and mean over the last claims, and copying sources. */
export function claimNotes(): string[] {
  return [...weatherNotes(), ...copyingNotes()];
}

function weatherNotes(): string[] {
  const from = performance.now();
  const { claims, truth } = weather();
  const run = runAll({ method: 'median' }, claims);
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  const last = new Map<string, Map<string, number>>();
  for (const { entity, attribute, source, value } of claims) {
    const key = `${entity}|${attribute}`;
    const entry = last.get(key) ?? new Map<string, number>();
    last.set(key, entry.set(source, Number(value)));
  }
  const plain = (of: (values: readonly number[]) => number) =>
    errorsOf((entity, attribute) => {
      const values = last.get(`${entity}|${attribute}`);
      return values === undefined ? undefined : of([...values.values()]);
    }, truth);
  const ours = errorsOf((entity, attribute) => run.value(entity, attribute), truth);
  const medians = plain(median);
  const means = plain((values) => values.reduce((a, b) => a + b, 0) / values.length);
  return PROPERTIES.map(
    (name) =>
      `resolve median, weather ${name}: mean error ${ours.get(name)!.toFixed(4)} (plain median ${medians.get(name)!.toFixed(4)}, mean ${means.get(name)!.toFixed(2)})${name === 'P' ? `; ${claims.length} claims in ${seconds} s` : ''}`,
  );
}

function copyingNotes(): string[] {
  return [0, 5, 6, 7, 8].map((copiers) => {
    const scores = COPYING_SEEDS.map((seed) => {
      const claims = world(seed, copiers);
      return (['majority', 'trust', 'trust-copy'] as const).map((method) => share(runAll({ method }, claims)));
    });
    const mean = (m: number) => (scores.reduce((sum, row) => sum + row[m]!, 0) / scores.length).toFixed(3);
    const worst = Math.min(...scores.map((row) => row[2]!)).toFixed(3);
    return `resolve, 16 sources, ${copiers} copiers of two bad ones: trust-copy ${mean(2)} (worst ${worst}), trust ${mean(1)}, majority ${mean(0)}`;
  });
}
