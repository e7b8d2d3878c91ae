import type { Finding } from '../core/finding.ts';
import type { Header, Origin } from '../core/record.ts';

/** A record in quarantine: what came, why it was refused, and where it came from. */
export interface QuarantineEntry {
  /** Place in the quarantine topic: line number from 0 on files, offset on Kafka. */
  readonly at: number;
  /** Partition of the quarantine topic. */
  readonly partition: number;
  /** The value exactly as it came; null for a tombstone or a value that was left out. */
  readonly value: string | Uint8Array | null;
  /** Set instead of a value that was too large to keep. */
  readonly stub?: { readonly bytes: number; readonly sha256: string };
  readonly key: Uint8Array | null;
  /** Milliseconds since the epoch of the record, NaN without one. */
  readonly timestamp: number;
  /** Stream time when it was refused, NaN without a clock. */
  readonly time: number;
  readonly headers: readonly Header[];
  readonly findings: readonly Finding[];
  readonly origin: Origin;
  readonly step: string;
  /** How often it is in quarantine by now, from 1. */
  readonly attempt: number;
  /** Fields of the value were replaced (`quarantine: { value: redact }`): it is not what came. */
  readonly redacted: boolean;
  /** Columns of a csv row. */
  readonly columns?: readonly string[];
}

/** What a filter says of an entry; all that are given must hold. */
export interface QuarantineFilter {
  /** `rule=…`, `step=…`, `severity=…`, `topic=…`, `part=…`, `attempt=…`. */
  readonly where: readonly Condition[];
  /** Entries with a finding on one of these fields; empty: all. */
  readonly fields: readonly string[];
  /** Milliseconds since the epoch, compared with stream time, else with the record's timestamp. */
  readonly since?: number;
  readonly until?: number;
}

export interface Condition {
  readonly key: (typeof CONDITION_KEYS)[number];
  readonly value: string;
}

export const CONDITION_KEYS = ['rule', 'step', 'severity', 'topic', 'part', 'attempt'] as const;

export function matches(entry: QuarantineEntry, filter: QuarantineFilter): boolean {
  if (!filter.where.every((condition) => holds(entry, condition))) return false;
  const { fields, since, until } = filter;
  if (fields.length > 0 && !entry.findings.some(({ field }) => field !== undefined && fields.includes(field)))
    return false;
  if (since === undefined && until === undefined) return true;
  const time = timeOf(entry);
  return time >= (since ?? Number.NEGATIVE_INFINITY) && time < (until ?? Number.POSITIVE_INFINITY); // NaN is in no range
}

function holds(entry: QuarantineEntry, { key, value }: Condition): boolean {
  switch (key) {
    case 'rule':
      return entry.findings.some(({ rule }) => rule === value);
    case 'severity':
      return entry.findings.some(({ severity }) => severity === value);
    case 'step':
      return entry.step === value;
    case 'topic':
      return entry.origin.topic === value;
    case 'part':
      return entry.origin.part === value;
    case 'attempt':
      return entry.attempt === Number(value);
  }
}

/** When it happened, NaN when nothing says so. */
export function timeOf({ time, timestamp }: QuarantineEntry): number {
  return Number.isNaN(time) ? timestamp : time;
}
