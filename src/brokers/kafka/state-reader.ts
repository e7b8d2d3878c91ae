import { BrokerError } from '../../core/errors.ts';
import type { Lane } from './lane.ts';
import type { Offsets, Place } from './offsets.ts';
import { OFFSET_OUT_OF_RANGE, protocolFailure } from './protocol-errors.ts';
import { StateLog } from './state-log.ts';
import { CommittedFilter, type Fetched, fetchRecords, RecordReader } from './wire/index.ts';

export interface PartitionOptions {
  readonly lane: Lane;
  readonly offsets: Offsets;
  readonly place: Place;
  readonly patienceMs: number;
  readonly elapsed: () => number;
  /** After every answer: offsets read, of as many as there were when reading began. */
  readonly onProgress?: (done: number, of: number) => void;
}

const FETCH_BYTES = 8 * 1024 * 1024;
/** The markers of what the fenced owner left are being written. */
const MAX_WAIT_MS = 100;

/**
 * Reads a task's state from the start of its partition up to the high watermark taken now, after fencing: everything an earlier
 * owner has committed lies below it, and nothing can be added but by whoever reads. Read committed, so it waits until the last
 * stable offset has come that far.
 */
export async function readState(options: PartitionOptions): Promise<StateLog> {
  const log = new StateLog();
  await readPartition(options, (offset, key, value) => log.accept(offset, key, value));
  return log;
}

type OnRecord = (offset: number, key: Buffer | null, value: Buffer | null) => void;

/**
 * Every committed record of a partition of ours, up to the high watermark taken now. Throws `state-held-back` (retryable) when
 * an open transaction lets nothing be read for as long as the patience is: whoever opens anew shuts its producer out once more.
 */
export async function readPartition(options: PartitionOptions, onRecord: OnRecord): Promise<void> {
  const { offsets, place, lane, patienceMs, elapsed, onProgress } = options;
  const end = await offsets.highWatermark(place);
  const start = await offsets.logStart(place);
  let at = start;
  let moved = elapsed();
  let isWhole = false;
  while (at < end) {
    const fetched = await lane.onLeader(place, { patienceMs, repeatLost: true }, async (node) => {
      const [answer] = await fetchRecords(node, [{ ...place, offset: at, maxBytes: FETCH_BYTES }], {
        maxWaitMs: MAX_WAIT_MS,
        minBytes: 1,
        maxBytes: FETCH_BYTES,
        isolation: 'read_committed',
      });
      return checked(answer, place);
    });
    const next = Math.max(at, accept(fetched, at, onRecord));
    if (next > at) moved = elapsed();
    else if (isWhole)
      return; // all is stable and there is nothing: the cleaner has taken the last offsets
    else if (elapsed() - moved > patienceMs) throw heldBack(place, { at, end });
    else isWhole = (await offsets.lastStable(place)) >= end;
    at = next;
    onProgress?.(Math.min(at, end) - start, end - start);
  }
}

function heldBack({ topic, partition }: Place, { at, end }: { at: number; end: number }): BrokerError {
  return new BrokerError(
    `an open transaction in ${topic}/${partition} holds back offsets ${at} to ${end} of the state`,
    { code: 'state-held-back', retryable: true },
  );
}

function accept(fetched: Fetched, from: number, onRecord: OnRecord): number {
  const where = `${fetched.topic}/${fetched.partition}`;
  const reader = new RecordReader(fetched.records, { where, from, committed: new CommittedFilter(fetched.aborted) });
  const sink = {
    record: (offset: number, _time: number, key: Buffer | null, value: Buffer | null) => onRecord(offset, key, value),
  };
  while (reader.read(sink) > 0);
  return reader.next;
}

function checked(answer: Fetched | undefined, { topic, partition }: Place): Fetched {
  if (answer?.code === OFFSET_OUT_OF_RANGE)
    throw new BrokerError(`the state in ${topic}/${partition} was cut while it was read`, {
      code: 'state-cut',
      retryable: true,
    });
  if (answer === undefined || answer.code !== 0)
    throw protocolFailure(answer?.code ?? -1, `reading state from ${topic}/${partition}`);
  return answer;
}
