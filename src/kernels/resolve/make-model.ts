import type { Scalar } from '../vote/ballots.ts';
import type { ClaimModel } from './claim-entry.ts';
import { MedianModel } from './median-model.ts';
import type { ResolveSettings } from './resolve-settings.ts';
import { TruthModel } from './truth-model.ts';

/** The model of a method; `code` gives the code of a declared source. */
export function makeModel(settings: ResolveSettings, code: (source: Scalar) => number): ClaimModel {
  const priority = settings.priority.map(code);
  if (settings.method === 'median') return new MedianModel(settings);
  const even = settings.method === 'majority' || settings.method === 'priority';
  return new TruthModel({
    ...settings,
    weights: even ? 'even' : 'accuracy',
    copies: settings.method === 'trust-copy',
    priority,
    priorityOnly: settings.method === 'priority',
  });
}
