import { uniform } from '../../../src/core/hash.ts';
import { partitionOf } from '../../../src/core/murmur2.ts';
import type { Message } from './deliver.ts';
import { Job } from './job.ts';
import { readTopic } from './read-topic.ts';

/** Stage 1 keeps the order of its partitions; stage 2 settles votes, which does not depend on the order they come in. */
const TWO_STAGES = `
restarts: { max: 1000, within: 1m }
steps:
  - { id: sane, use: check, with: { rules: [{ name: known, field: label, in: [a, b] }] } }
  - { id: once, use: dedup, with: { key: [voter, item], window: { records: 100000 }, keep: first } }
  - { id: by-item, use: repartition, with: { key: [item] } }
  - { id: consensus, use: vote, with: { method: majority, close: { minVotes: 5, maxVotes: 5 } } }
output: { topic: {name}.out }
outputs: { once.duplicates: {name}.again }
`;

const VOTERS = 96;
const VOTES_AN_ITEM = 5;
/** Left open by the campaign; the probe of the restored state closes every other of them, the end of input the rest. */
const OPEN_EVERY = 7;
const OPEN_VOTES = 3;

interface Vote {
  readonly item: string;
  readonly voter: string;
  readonly label: string;
}

export function makeCampaignJob(brokers: readonly string[], partitions: number): Promise<Job> {
  return Job.make({ brokers, partitions, input: 'key: [voter]', body: TWO_STAGES, checkpoint: '300ms' });
}

/** Votes on items `from` up to `to`, about a fifth of them twice and a twentieth invalid; a function of the seed. */
export function votesOn(seed: number, range: { readonly from: number; readonly to: number }): Vote[] {
  const votes: Vote[] = [];
  for (let i = range.from; i < range.to; i++) {
    const first = Math.floor(uniform(seed, 1, i) * VOTERS);
    const count = i % OPEN_EVERY === 0 ? OPEN_VOTES : VOTES_AN_ITEM;
    for (let n = 0; n < count; n++) votes.push(...ballot(seed, i, { first, n }));
  }
  return votes.sort((a, b) => uniform(seed, 6, Number(a.voter.slice(1))) - uniform(seed, 6, Number(b.voter.slice(1))));
}

/** What is asked of the restored state: known votes again, and those that close the items that were left open. */
export function probeVotes(seed: number, items: number): Vote[] {
  const votes: Vote[] = [];
  for (let i = 0; i < items; i++) {
    const first = Math.floor(uniform(seed, 1, i) * VOTERS);
    if (i % (2 * OPEN_EVERY) === 0)
      for (let n = OPEN_VOTES; n < VOTES_AN_ITEM; n++) votes.push(...ballot(seed, i, { first, n }));
    else if (i % 3 === 0) votes.push(...ballot(seed, i, { first, n: 0 }));
  }
  return votes;
}

function ballot(seed: number, i: number, { first, n }: { readonly first: number; readonly n: number }): Vote[] {
  const labelOf = (kind: number) => (uniform(seed, kind, i, n) < 0.5 ? 'a' : 'b');
  const vote = { item: `i${i}`, voter: `v${(first + 17 * n) % VOTERS}`, label: labelOf(2) };
  const votes = uniform(seed, 3, i, n) < 0.05 ? [{ ...vote, label: 'x' }] : [];
  votes.push(vote);
  if (uniform(seed, 4, i, n) < 0.2) votes.push({ ...vote, label: labelOf(5) });
  return votes;
}

export function messagesOf(votes: readonly Vote[], partitions: number): Message[] {
  return votes.map((vote) => ({
    key: vote.voter,
    value: JSON.stringify(vote),
    partition: partitionOf(Buffer.from(vote.voter), partitions),
  }));
}

/** What a topic holds by the word of the independent reader, to be sent elsewhere. */
export async function messagesIn(brokers: readonly string[], topic: string): Promise<Message[]> {
  return (await readTopic(brokers, topic)).map(({ key, value, partition }) => ({ key, value, partition }));
}

export interface Verdict {
  /** By partition, in order. */
  readonly quarantine: readonly (readonly string[])[];
  readonly again: readonly (readonly string[])[];
  /** Item, votes, label, sorted. An odd number of votes on two labels has no ties. */
  readonly labels: readonly string[];
}

export async function verdictOf(job: Job): Promise<Verdict> {
  const [out, again, quarantine] = await Promise.all(['out', 'again', 'quarantine'].map((topic) => job.read(topic)));
  const labels = out!.flat().map((text) => {
    const { item, label, votes } = JSON.parse(text);
    return `${item} ${votes} ${label}`;
  });
  return { quarantine: quarantine!, again: again!, labels: labels.sort() };
}

/** The same by plain loops over the input. */
export function expectedOf(input: readonly Message[], partitions: number): Verdict {
  const empty = () => Array.from({ length: partitions }, (): string[] => []);
  const [quarantine, again] = [empty(), empty()];
  const seen = new Set<string>();
  const counts = new Map<string, Map<string, number>>();
  for (const { value, partition = 0 } of input) {
    const text = String(value);
    const { item, voter, label } = JSON.parse(text) as Vote; // as made above
    const isKnown = seen.has(`${voter} ${item}`);
    if (label !== 'a' && label !== 'b') quarantine[partition]!.push(text);
    else if (isKnown) again[partition]!.push(text);
    else {
      seen.add(`${voter} ${item}`);
      const labels = counts.get(item) ?? new Map<string, number>();
      counts.set(item, labels.set(label, (labels.get(label) ?? 0) + 1));
    }
  }
  const labels = [...counts].map(([item, votes]) => {
    const [a = 0, b = 0] = [votes.get('a'), votes.get('b')];
    return `${item} ${a + b} ${a > b ? 'a' : 'b'}`;
  });
  return { quarantine, again, labels: labels.sort() };
}

/** How many items have all their votes: those are settled at once, the others at the end of the input. */
export function closedIn({ labels }: Verdict): number {
  return labels.filter((line) => line.split(' ')[1] === String(VOTES_AN_ITEM)).length;
}
