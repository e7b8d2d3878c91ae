import type { Upstream } from '../../core/broker.ts';
import { StateError } from '../../core/errors.ts';
import type { Evidence, Finding } from '../../core/finding.ts';
import { attemptOf } from '../../core/outgoing-headers.ts';
import type { DataRecord, Epochs, Header, RecordSource } from '../../core/record.ts';

/**
 * What a record keeps on its way through a repartition topic, as headers of ours:
 *
 *     sluice-passage   JSON: [task, stream time, control, topic, partition, input, offset, index, event time, attempt]; null for none,
 *                      attempt where the record came back from quarantine
 *     sluice-findings  JSON, where there are findings, whole and not as bounded as they leave the engine; likewise sluice-evidence, sluice-epochs
 */
export const PASSAGE_HEADER = 'sluice-passage';
export const FINDINGS_HEADER = 'sluice-findings';
export const EVIDENCE_HEADER = 'sluice-evidence';
export const EPOCHS_HEADER = 'sluice-epochs';

type Written = readonly [
  task: string,
  time: number | null,
  control: 'end' | 'idle' | null,
  topic: string,
  partition: number,
  input: string | null,
  offset: number,
  index: number,
  eventTime: number | null,
  attempt?: number,
];

export interface Passage {
  readonly upstream: Upstream;
  readonly source: RecordSource;
  readonly offset: number;
  readonly index: number;
  readonly eventTime: number;
  /** How often it had been in quarantine. */
  readonly attempt: number;
  readonly findings: readonly Finding[];
  readonly evidence: readonly Evidence[];
  readonly epochs: Epochs | undefined;
}

/** Value of the passage header. */
export function passageText(record: DataRecord, upstream: Upstream): string {
  const { source, offset, index, eventTime } = record;
  const attempt = attemptOf(record);
  const written: Written = [
    upstream.task,
    finite(upstream.time),
    upstream.control ?? null,
    source.topic,
    source.partition,
    source.input ?? null,
    offset,
    index,
    finite(eventTime),
  ];
  return JSON.stringify(attempt > 0 ? [...written, attempt] : written);
}

/** Reads passages; the sources of one batch are shared, as those of an input are. */
export class PassageReader {
  private readonly sources = new Map<string, RecordSource>();

  /** Throws StateError for a record that no repartition step wrote. */
  read(headers: readonly Header[], at: { readonly topic: string; readonly offset: number }): Passage {
    let written: Written | undefined;
    let findings: readonly Finding[] = [];
    let evidence: readonly Evidence[] = [];
    let epochs: Epochs | undefined;
    for (const { name, value } of headers) {
      if (name === PASSAGE_HEADER) written = parse(value);
      else if (name === FINDINGS_HEADER) findings = parse(value);
      else if (name === EVIDENCE_HEADER) evidence = parse(value);
      else if (name === EPOCHS_HEADER) epochs = parse(value);
    }
    if (written === undefined)
      throw new StateError(
        `${at.topic}, offset ${at.offset}: a record that no repartition step of Sluice wrote. Nothing else may write to this topic`,
        { code: 'foreign-record' },
      );
    const [task, time, control, topic, partition, input, offset, index, eventTime, attempt = 0] = written;
    return {
      upstream: { task, time: time ?? Number.NaN, ...(control === null ? {} : { control }) },
      source: this.source(topic, partition, input),
      offset,
      index,
      eventTime: eventTime ?? Number.NaN,
      attempt,
      findings,
      evidence,
      epochs,
    };
  }

  private source(topic: string, partition: number, input: string | null): RecordSource {
    const key = `${topic}/${partition}/${input}`;
    const known = this.sources.get(key);
    if (known !== undefined) return known;
    const made: RecordSource = { topic, partition, ...(input === null ? {} : { input }) };
    this.sources.set(key, made);
    return made;
  }
}

function parse<T>(value: Uint8Array | null): T {
  return JSON.parse(Buffer.from(value ?? []).toString()) as T; // as it was written for the passage
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
