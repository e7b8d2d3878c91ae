import type { CertificateStamp } from '../core/certificate.ts';
import { FormatError } from '../core/errors.ts';
import type { Finding } from '../core/finding.ts';
import type { Origin } from '../core/record.ts';

/** A record as it stands in the topic that is exported. */
export interface ExportedRecord {
  /** Offset on Kafka; on files the number of its line, from 0. */
  readonly offset: number;
  /** Milliseconds since the epoch, NaN where there is none. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  /** As it is stored; null: a record without a value. */
  readonly value: Uint8Array | null;
  /** Id of the schema its bytes were written with, where `value` is no longer those bytes. */
  readonly schema?: number;
  readonly origin?: Origin;
  readonly findings: readonly FindingName[];
  /** `certificate: full`. */
  readonly certificate?: CertificateStamp;
}

export type FindingName = Pick<Finding, 'step' | 'rule' | 'severity'>;

/** What an export takes of findings. */
export function namesOf(findings: readonly FindingName[]): readonly FindingName[] {
  return findings.map(({ step, rule, severity }) => ({ step, rule, severity }));
}

/** Does `work` on one record; a FormatError says at which. */
export function atRecord<T>(partition: number, offset: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`partition ${partition}, offset ${offset}: ${error.message}`, { code: error.code });
  }
}

/** What a partition holds now: next offsets. */
export interface PartitionBounds {
  readonly partition: number;
  /** Below it nothing is there any more. */
  readonly start: number;
  /** From here on nothing is committed yet. */
  readonly end: number;
}

export interface PartitionRange {
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** A topic that can be exported: what stands in a range of offsets does not change any more. */
export interface ExportSource {
  readonly kind: 'kafka' | 'files';
  readonly topic: string;
  /** What wrote it, where that is known without looking at records. */
  readonly run?: CertificateStamp;
  /** Said in the manifest. */
  readonly notes: readonly string[];
  /** Records say where they come from. */
  readonly hasOrigins: boolean;
  /** Findings of records can be told by range; false: only of the whole topic, all at once. */
  readonly wholeFindings?: AsyncIterable<readonly FindingName[]>;
  bounds(): Promise<readonly PartitionBounds[]>;
  read(range: PartitionRange): AsyncIterable<readonly ExportedRecord[]>;
  close(): Promise<void>;
}
