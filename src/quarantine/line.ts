import { FormatError } from '../core/errors.ts';
import type { Finding } from '../core/finding.ts';
import type { Header, Origin } from '../core/record.ts';
import { keyOf, walk } from '../formats/json/scan.ts';
import type { QuarantineEntry } from './entry.ts';

interface Line {
  readonly valueText?: string;
  readonly valueBase64?: string;
  readonly stub?: { readonly bytes: number; readonly sha256: string };
  readonly findings: readonly Finding[];
  readonly origin: Origin;
  readonly step?: string;
  readonly columns?: readonly string[];
  readonly key?: string;
  readonly keyBase64?: string;
  readonly timestamp?: number;
  readonly time?: string;
  readonly headers?: readonly {
    readonly name: string;
    readonly value?: string | null;
    readonly valueBase64?: string;
  }[];
  readonly attempt?: number;
  readonly redacted?: boolean;
}

/**
 * Reads a line that the local broker wrote. A JSON value keeps its exact text, numbers of any length included. Throws
 * FormatError for a line that is none of ours.
 */
export function readLine(text: string, at: number): QuarantineEntry {
  const line = parse(text);
  const time = line.time === undefined ? Number.NaN : Date.parse(line.time);
  return {
    at,
    partition: 0,
    value: exactValue(text, line),
    key: bytesOf(line.key, line.keyBase64),
    timestamp: line.timestamp ?? Number.NaN,
    time,
    headers: (line.headers ?? []).map(
      (header): Header => ({ name: header.name, value: bytesOf(header.value ?? undefined, header.valueBase64) }),
    ),
    findings: line.findings,
    origin: line.origin,
    step: line.step ?? 'input',
    attempt: line.attempt ?? 1,
    redacted: line.redacted === true,
    ...(line.stub === undefined ? {} : { stub: line.stub }),
    ...(line.columns === undefined ? {} : { columns: line.columns }),
  };
}

function parse(text: string): Line {
  try {
    const line = JSON.parse(text) as Partial<Line>; // judged below
    if (Array.isArray(line.findings) && typeof line.origin?.topic === 'string') return line as Line;
  } catch {
    // said below
  }
  throw new FormatError('not a line of a quarantine: expected value, findings and origin', { code: 'quarantine-line' });
}

function exactValue(text: string, line: Line): string | Uint8Array | null {
  if (line.valueText !== undefined) return line.valueText;
  if (line.valueBase64 !== undefined) return Buffer.from(line.valueBase64, 'base64');
  let value: string | null = null;
  walk(text, 0, (span) => {
    if (keyOf(text, span) === 'value') value = text.slice(span.valueStart, span.valueEnd);
  });
  return value === 'null' ? null : value;
}

function bytesOf(text: string | undefined, base64: string | undefined): Uint8Array | null {
  if (text !== undefined) return Buffer.from(text);
  return base64 === undefined ? null : Buffer.from(base64, 'base64');
}
