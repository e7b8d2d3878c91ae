import type { BallotItem } from './ballot-item.ts';
import { winner } from './ballots.ts';
import type { LabelRequest, VoterReport } from './vote-settings.ts';
import type { VoteStream } from './vote-stream.ts';
import { wilson } from './wilson.ts';

const MAX_BIAS_LABELS = 10;

/** The voters with most votes first, at most `reportMax`. */
export function reportVoters(stream: VoteStream): VoterReport[] {
  const { voters } = stream.learning;
  const { settings } = stream;
  const codes: number[] = [];
  for (let w = 0; w < voters.names.length; w++) if (voters.names[w] !== undefined) codes.push(w);
  codes.sort((a, b) => voters.votes[b]! - voters.votes[a]! || a - b);
  return codes.slice(0, settings.reportMax).map((w) => describeVoter(stream, w));
}

function describeVoter({ learning }: VoteStream, w: number): VoterReport {
  const { voters, model, labels } = learning;
  const { accuracy, votes } = model.accuracy(w);
  const { low, high } = wilson(accuracy, votes);
  const report = {
    voter: voters.names[w]!,
    votes: voters.votes[w]!,
    accuracy: round4(accuracy),
    low: round4(low),
    high: round4(high),
    excluded: voters.excluded[w]!,
  };
  const rows = model.rows?.(w);
  if (rows === undefined || labels.size > MAX_BIAS_LABELS) return report;
  const bias: [string, Readonly<Record<string, number>>][] = [];
  for (const [j, truth] of labels.values.entries()) {
    const row = rows[j]!;
    const sum = row.reduce((a, b) => a + b, 0);
    if (sum < 1) continue;
    bias.push([
      String(truth),
      Object.fromEntries(labels.values.map((said, l) => [String(said), round4(row[l]! / sum)])),
    ]);
  }
  return { ...report, bias: Object.fromEntries(bias) };
}

/**
 * Items to ask for, most informative first: the largest entropy of the tempered posterior, then the fewest votes.
 * Open items that have their `minVotes`, and those of the buffer; an item is asked for again only after it got a vote.
 */
export function requestLabels(
  stream: VoteStream,
  room: number,
): { readonly item: BallotItem; readonly request: LabelRequest }[] {
  const rules = stream.settings.requests!;
  if (room <= 0) return [];
  const { minVotes } = stream.settings.close;
  const least = minVotes === 'all' ? 1 : minVotes;
  const found: { readonly item: BallotItem; readonly request: LabelRequest }[] = [];
  for (const item of [...stream.open.all(), ...stream.closed.ring.all()]) {
    if (
      (item.state === 'open' && item.n < least) ||
      item.n === 0 ||
      item.q === undefined ||
      item.askedAt === item.n ||
      item.gold >= 0
    )
      continue;
    const confidence = stream.learning.confidence(item);
    if (confidence >= rules.below) continue;
    const label = stream.learning.labelName(item, winner(item.q, 0, item.q.length).label);
    found.push({
      item,
      request: {
        item: item.id,
        votes: item.n,
        label,
        confidence: round4(confidence),
        entropy: round4(entropy(item.q, stream.learning.temperature.value)),
      },
    });
  }
  found.sort(
    (a, b) => b.request.entropy - a.request.entropy || a.request.votes - b.request.votes || a.item.seq - b.item.seq,
  );
  return found.slice(0, room);
}

function entropy(q: Float64Array, temperature: number): number {
  let sum = 0;
  for (const p of q) if (p > 0) sum += p ** (1 / temperature);
  let bits = 0;
  for (const p of q) {
    const tempered = p > 0 ? p ** (1 / temperature) / sum : 0;
    if (tempered > 0) bits -= tempered * Math.log2(tempered);
  }
  return bits;
}

function round4(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
