import type { ManifestBeside } from './manifest.ts';
import type { ExportedRecord, ExportSource } from './source.ts';
import { Tally } from './tally.ts';

/** Another topic of the same topology, and what became of the input records in it. */
export interface BesideTopic {
  readonly source: ExportSource;
  readonly fate: string;
}

/** Input offsets that records come from, by topic and partition. */
export class Spans {
  private readonly spans = new Map<string, { topic: string; partition: number; from: number; to: number }>();

  add({ origin }: ExportedRecord): void {
    if (origin === undefined) return;
    const { topic, partition, offset } = origin;
    const name = `${topic}/${partition}`;
    const span = this.spans.get(name);
    if (span === undefined) this.spans.set(name, { topic, partition, from: offset, to: offset + 1 });
    else {
      span.from = Math.min(span.from, offset);
      span.to = Math.max(span.to, offset + 1);
    }
  }

  has({ origin }: ExportedRecord): boolean {
    const span = origin === undefined ? undefined : this.spans.get(`${origin.topic}/${origin.partition}`);
    return span !== undefined && origin !== undefined && origin.offset >= span.from && origin.offset < span.to;
  }

  list(): ManifestBeside['origins'] {
    return [...this.spans.values()].sort((a, b) =>
      a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1,
    );
  }
}

/** What became of the input records between the first and the last that were exported, as far as other topics hold them. */
export async function countBeside(spans: Spans, topics: readonly BesideTopic[]): Promise<ManifestBeside> {
  const fates: Record<string, number> = {};
  const tally = new Tally();
  for (const { source, fate } of [...topics].sort((a, b) => (a.source.topic < b.source.topic ? -1 : 1))) {
    const before = tally.records;
    for (const { partition, start, end } of await source.bounds())
      for await (const records of source.read({ partition, from: start, to: end }))
        for (const record of records) if (spans.has(record)) tally.add(record);
    fates[fate] = (fates[fate] ?? 0) + tally.records - before;
  }
  return {
    origins: spans.list(),
    topics: topics.map(({ source }) => source.topic).sort(),
    fates,
    rules: tally.ruleCounts(),
  };
}
