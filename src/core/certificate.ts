import { type Evidence, MAX_FINDINGS_BYTES } from './finding.ts';
import type { DataRecord } from './record.ts';
import { boundObserved } from './render-findings.ts';
import { isoText } from './time.ts';

/** What all certificates of a run say alike. */
export interface CertificateStamp {
  readonly topology: string;
  /** Fingerprint of the plan: everything that shapes what a run does. */
  readonly plan: string;
}

/**
 * `certificate: full`: by which plan a record passed, where it came from, what was changed on it and what was found and
 * let pass. JSON of at most 8 KiB: values are bounded as in findings, and what does not fit is counted in `omitted`.
 *
 *     {"topology","plan","origin","time"?,"epochs"?:{step: drift epoch},"fixes"?:[{field,old,new,step,method,confidence?}],"passed"?:[{step,rule,severity,field?}],"omitted"?}
 */
export function certificateText(record: DataRecord, stamp: CertificateStamp): string {
  let text = `{"topology":${JSON.stringify(stamp.topology)},"plan":"${stamp.plan}","origin":${JSON.stringify(record.origin)}`;
  if (Number.isFinite(record.time)) text += `,"time":"${isoText(record.time)}"`;
  const { evidence, findings, epochs } = record;
  if (epochs !== undefined) text += `,"epochs":${JSON.stringify(epochs)}`;
  if (evidence.length + findings.length === 0) return `${text}}`;
  const room = { left: MAX_FINDINGS_BYTES - text.length - ROOM_FOR_NAMES, omitted: 0 };
  text += list('fixes', evidence.map(fix), room);
  text += list(
    'passed',
    findings.map(({ step, rule, severity, field }) => ({ step, rule, severity, field })),
    room,
  );
  return room.omitted === 0 ? `${text}}` : `${text},"omitted":${room.omitted}}`;
}

const ROOM_FOR_NAMES = 64;

function fix(change: Evidence): Evidence {
  return { ...change, old: boundObserved(change.old), new: boundObserved(change.new) };
}

function list(name: string, items: readonly unknown[], room: { left: number; omitted: number }): string {
  const parts: string[] = [];
  for (const item of items) {
    const text = JSON.stringify(item);
    const bytes = Buffer.byteLength(text) + 1;
    if (bytes > room.left) room.omitted++;
    else {
      room.left -= bytes;
      parts.push(text);
    }
  }
  return parts.length === 0 ? '' : `,"${name}":[${parts.join(',')}]`;
}
