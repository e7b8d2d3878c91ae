import type { Aggregate, Ballots } from './ballots.ts';
import { DAWID_SKENE, emBatch, HDS, type Known, ONE_COIN } from './em.ts';

/** From a full confusion matrix a voter to one number: how much each believes of what it sees. */
const MODELS = [HDS, DAWID_SKENE, ONE_COIN] as const;

/**
 * The default over a bounded input: three models of how voters err, pooled.
 *
 * Idea: no single model wins everywhere. Confusion rows lose where voters err alike or are few, one number a voter
 * loses where they are biased; and a model that is wrong is wrong with great certainty. So each runs by itself, its
 * posteriors are tempered as confidences are, and averaged: two that agree outvote a third.
 * In: ballots, temperature ≥ 1, what is known from before. Out: the pooled posterior q, such that q^(1/temperature),
 * normalized, is the average of the three; and that of HDS alone, which streams learn from.
 * Cost: that of three runs of `emBatch`.
 *
 * Example: `pooledBatch(collect(votes)).posterior`.
 *
 * Source: Stone 1961 (linear opinion pool); Guo et al. 2017 (temperature).
 */
export function pooledBatch(
  ballots: Ballots,
  temperature = 2,
  known?: Known,
): Aggregate & { readonly accuracy: Float64Array; readonly hds: Float64Array } {
  const k = ballots.labels.length;
  const runs = MODELS.map((options) => emBatch(ballots, options, known));
  const posterior = new Float64Array(ballots.items.length * k);
  for (const run of runs)
    for (let at = 0; at < posterior.length; at += k) {
      let sum = 0;
      for (let j = at; j < at + k; j++) sum += run.posterior[j]! ** (1 / temperature);
      for (let j = at; j < at + k; j++) posterior[j]! += run.posterior[j]! ** (1 / temperature) / sum;
    }
  for (let at = 0; at < posterior.length; at += k) {
    let sum = 0;
    for (let j = at; j < at + k; j++) {
      posterior[j] = posterior[j]! ** temperature;
      sum += posterior[j]!;
    }
    for (let j = at; j < at + k; j++) posterior[j]! /= sum;
  }
  return { posterior, accuracy: runs[0]!.accuracy, hds: runs[0]!.posterior };
}
