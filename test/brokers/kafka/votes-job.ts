import { murmur2 } from '../../../src/core/murmur2.ts';
import type { Message } from '../../support/kafka/deliver.ts';

/** Two stages: votes are spread over partitions by who voted, and meet again by item. */
export const VOTES = `
input: { topic: $.raw, format: json }
commit: { every: 50ms }
checkpoint: { every: 500ms }
restarts: { max: 1000, within: 1m }
steps:
  - { id: sane, use: check, with: { rules: [{ field: label, required: true }] } }
  - { id: by-item, use: repartition, with: { key: [item] } }
  - { id: consensus, use: vote, with: { method: majority, close: { minVotes: 5, maxVotes: 5 } } }
output: { topic: $.labels }
`;

interface Vote {
  readonly item: string;
  readonly voter: string;
  readonly label: string;
}

/** One vote a voter and item, in an order that mixes items; the same for the same seed. */
export function votes(options: { items: number; voters: number; seed: number; from?: number }): Message[] {
  const { items, voters, seed, from = 0 } = options;
  const all: Vote[] = [];
  for (let voter = 0; voter < voters; voter++)
    for (let item = from; item < from + items; item++) {
      const label = 'ab'[Math.abs(murmur2(Buffer.from(`${seed}/${item}/${voter}`))) % 2] ?? 'a';
      all.push({ item: `i${item}`, voter: `v${voter}`, label });
    }
  return all.map((vote, i) => ({ value: JSON.stringify(vote), key: vote.voter, partition: i % 2 }));
}

/** Item, votes and the label most voters gave (`-` for a tie): what does not depend on the order votes came in. Sorted. */
export function expectedLabels(messages: readonly Message[]): string[] {
  const counts = new Map<string, Map<string, number>>();
  for (const { value } of messages) {
    const { item, label } = JSON.parse(String(value)) as Vote; // as made above
    const labels = counts.get(item) ?? new Map<string, number>();
    labels.set(label, (labels.get(label) ?? 0) + 1);
    counts.set(item, labels);
  }
  return [...counts].map(([item, labels]) => `${item} ${sum(labels.values())} ${winner(labels)}`).sort();
}

/** The same of what came out. */
export function seenLabels(values: readonly string[]): string[] {
  return values
    .map((value) => {
      const { item, label, votes: count, tie } = JSON.parse(value);
      return `${item} ${count} ${tie === true ? '-' : label}`;
    })
    .sort();
}

function winner(labels: ReadonlyMap<string, number>): string {
  const most = Math.max(...labels.values());
  const best = [...labels].filter(([, n]) => n === most).map(([label]) => label);
  return best.length === 1 ? (best[0] ?? '-') : '-';
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((a, b) => a + b, 0);
}
