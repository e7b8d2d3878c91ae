import { OperatorError } from '../core/errors.ts';
import { compileField, type FieldSlot } from '../core/field.ts';
import { attemptOf } from '../core/outgoing-headers.ts';
import type { DataRecord } from '../core/record.ts';
import type { Frame } from '../topology/frame.ts';
import { add } from '../topology/frame-counts.ts';
import type { InputPlan } from '../topology/plan.ts';
import { keyBytes } from './keys.ts';
import { INPUT_STEP } from './source.ts';

/** With `warn`: the first mismatch of a task, then every tenfold number of them, is an event. */
const TENFOLD = 10;

/**
 * Holds the key of each record against the fields that the input declares. Steps with state by key rely on it: records of one
 * key that lie in two partitions would not meet. Not compared are a number beyond 2^53, whose text JavaScript has lost, and an
 * element of an exploded message, whose key is that of the message.
 *
 * Errors: OperatorError `key-mismatch` with `keyMismatch: stop`.
 */
export class KeyCheck {
  private readonly fields: readonly string[];
  private readonly slots: readonly FieldSlot[];
  private readonly stops: boolean;
  /** Part of the task's memory, so that a replay makes the same events. */
  mismatches = 0;

  private constructor(fields: readonly string[], stops: boolean) {
    this.fields = fields;
    this.slots = fields.map(compileField);
    this.stops = stops;
  }

  /** Undefined for an input that declares no key, or whose keys are the engine's own. */
  static of(input: InputPlan): KeyCheck | undefined {
    if (input.key === undefined || input.internal) return undefined;
    return new KeyCheck(input.key, input.keyMismatch === 'stop');
  }

  check(record: DataRecord, frame: Frame, cause: number): void {
    if (record.index >= 0 || this.agrees(record)) return;
    if (this.stops && attemptOf(record) === 0) throw this.error(record); // what a replay has mended stops nobody's stream
    this.mismatches++;
    add(frame.counts.findings, `${INPUT_STEP}\0key-mismatch\0warn`);
    record.addFinding({
      step: INPUT_STEP,
      rule: 'key-mismatch',
      severity: 'warn',
      expected: `a key made of ${this.fields.join(', ')}`,
      dimension: 'consistency',
    });
    if (!isPowerOfTen(this.mismatches)) return;
    const type = 'key.mismatch';
    add(frame.counts.events, `${INPUT_STEP}\0${type}`);
    const data = { expected: this.fields, origin: record.origin, records: this.mismatches };
    frame.events.push({ step: INPUT_STEP, type, data, cause, ordinal: 0 });
  }

  private agrees(record: DataRecord): boolean {
    const { key } = record;
    const [slot] = this.slots;
    if (this.slots.length === 1 && key !== null) {
      const value = slot!.get(record);
      if (typeof value === 'string') return isText(key, value);
    }
    if (this.slots.some((one) => isLossy(one.get(record)))) return true;
    const expected = keyBytes(record, this.slots);
    return key === null || expected === null ? key === expected : Buffer.compare(key, expected) === 0;
  }

  private error(record: DataRecord): OperatorError {
    const { topic, partition, offset } = record.origin;
    return new OperatorError(
      `the key of ${topic}/${partition}, offset ${offset} is not made of ${this.fields.join(', ')} as \`key:\` of the input says, so records that belong together may lie in different partitions: produce them with that key, take \`key:\` out and put a \`repartition\` first, or say \`keyMismatch: warn\``,
      { code: 'key-mismatch' },
    );
  }
}

/** Without making bytes of a text of ASCII. */
function isText(key: Uint8Array, text: string): boolean {
  if (key.length < text.length) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return Buffer.compare(key, Buffer.from(text)) === 0;
    if (key[i] !== code) return false;
  }
  return key.length === text.length;
}

function isLossy(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
}

function isPowerOfTen(n: number): boolean {
  while (n >= TENFOLD && n % TENFOLD === 0) n /= TENFOLD;
  return n === 1;
}
