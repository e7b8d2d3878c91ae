import type { SourceReport } from './resolve-settings.ts';
import type { ResolveStream } from './resolve-stream.ts';

/** What is known of every source. */
export function reportSources({ sources, model, closes }: ResolveStream): SourceReport[] {
  return sources.values.map((source, s) => {
    const { trust, claims } = model.trust(s);
    const copies = model.copiesFrom(s);
    return {
      source,
      trust: round4(trust),
      claims,
      coverage: closes > 0 ? round4(Math.min(1, claims / closes)) : 0,
      ...(copies === undefined
        ? {}
        : { copiesFrom: sources.values[copies.source]!, copyProbability: round4(copies.probability) }),
    };
  });
}

function round4(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
