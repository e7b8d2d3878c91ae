import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CommittedFilter } from '../../../../src/brokers/kafka/wire/index.ts';
import { kafkajsModule } from '../../../../src/brokers/kafka/wire/kafkajs.ts';

/** What a log of interleaved transactions is made of: `batch` data of a producer, `end` its marker. */
type Entry = { readonly producer: number; readonly kind: 'batch' | 'commit' | 'abort' };

interface Log {
  readonly entries: readonly Entry[];
  /** Offsets of data in transactions that were committed. */
  readonly committed: readonly number[];
  readonly aborted: readonly { readonly producerId: number; readonly firstOffset: number }[];
}

const step = fc.record({
  producer: fc.integer({ min: 1, max: 4 }),
  kind: fc.constantFrom<Entry['kind']>('batch', 'batch', 'commit', 'abort'),
});

/** Every transaction ends; a marker without data is left out, as the broker writes none. */
function logOf(steps: readonly Entry[]): Log {
  const entries: Entry[] = [];
  const open = new Map<number, number[]>();
  const committed: number[] = [];
  const aborted: { producerId: number; firstOffset: number }[] = [];
  const closing = [1, 2, 3, 4].map((producer): Entry => ({ producer, kind: producer % 2 === 0 ? 'commit' : 'abort' }));
  for (const entry of [...steps, ...closing]) {
    const offsets = open.get(entry.producer) ?? [];
    if (entry.kind === 'batch') open.set(entry.producer, [...offsets, entries.length]);
    else if (offsets.length === 0) continue;
    else {
      open.delete(entry.producer);
      if (entry.kind === 'commit') committed.push(...offsets);
      else aborted.push({ producerId: entry.producer, firstOffset: offsets[0]! });
    }
    entries.push(entry);
  }
  return { entries, committed: committed.sort((a, b) => a - b), aborted };
}

function seenBy(log: Log): number[] {
  const filter = new CommittedFilter(log.aborted);
  const seen: number[] = [];
  log.entries.forEach(({ producer, kind }, offset) => {
    if (kind !== 'batch') filter.ended(producer, offset);
    else if (!filter.isAborted(producer, true, offset)) seen.push(offset);
  });
  return seen;
}

function seenByKafkajs(log: Log): number[] {
  const filter = kafkajsModule('consumer/filterAbortedMessages.js') as (input: object) => readonly { offset: string }[];
  const messages = log.entries.map(({ producer, kind }, offset) => ({
    offset: String(offset),
    key: kind === 'batch' ? Buffer.from('key') : Buffer.from([0, 0, 0, kind === 'abort' ? 0 : 1]),
    isControlRecord: kind !== 'batch',
    batchContext: { producerId: String(producer), inTransaction: true, isControlBatch: kind !== 'batch' },
  }));
  const aborted = log.aborted.map(({ producerId, firstOffset }) => ({
    producerId: String(producerId),
    firstOffset: String(firstOffset),
  }));
  const kept = filter({ messages, abortedTransactions: aborted });
  return kept.map(({ offset }) => Number(offset)).filter((offset) => log.entries[offset]!.kind === 'batch');
}

describe('CommittedFilter', () => {
  it('shows what was committed and nothing else, however transactions interleave', () => {
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const log = logOf(steps);
      expect(seenBy(log)).toEqual(log.committed);
    });
    fc.assert(property, { numRuns: 2000, seed: 3 });
  });

  it('differs from the filter of kafkajs, which shows aborted records when transactions interleave', () => {
    const inner: Entry[] = [
      { producer: 1, kind: 'batch' },
      { producer: 3, kind: 'batch' },
      { producer: 3, kind: 'abort' },
    ];
    const log = logOf(inner); // and then 1 is aborted: the broker lists them in the order of their markers
    expect(seenBy(log)).toEqual([]);
    expect(seenByKafkajs(log)).toEqual([0]);
  });

  it('shows records outside of transactions of a producer that has an aborted one', () => {
    const filter = new CommittedFilter([{ producerId: 5, firstOffset: 3 }]);
    expect(filter.isAborted(5, true, 3)).toBe(true);
    expect(filter.isAborted(5, false, 4)).toBe(false);
    expect(filter.isAborted(-1, false, 5)).toBe(false);
  });
});
