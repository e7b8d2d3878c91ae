// The reference job without an engine: what a good engineer writes by hand for this one job, in one process and thread.
// Arguments: input, folder of outputs, `clean` (name trimmed and lower-cased, amount made a number, record written anew)
// or `pass` (no cleaning step: bytes of curated records are copied).
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { failures, namesOf, type Order, toNumber } from './rules.ts';

const [input = '', folder = '', mode = 'clean'] = process.argv.slice(2);
const CHUNK = 1 << 20;
const NEWLINE = 10;

/** 96 bits a key, never forgotten; made for two million keys. */
const SLOTS = 1 << 22;
const slots = new Int32Array(SLOTS * 3);

function isNew(id: string): boolean {
  let a = 0x811c9dc5 | 0;
  let b = 0x9e3779b9 | 0;
  let c = 0x85ebca6b | 0;
  for (let i = 0; i < id.length; i++) {
    const k = id.charCodeAt(i);
    a = Math.imul(a ^ k, 0x01000193);
    b = Math.imul(b ^ k, 0x85ebca77);
    b = (b << 13) | (b >>> 19);
    c = Math.imul(c ^ k, 0xc2b2ae3d);
    c = (c << 17) | (c >>> 15);
  }
  a ^= a >>> 16;
  a = Math.imul(a, 0x85ebca6b);
  a ^= a >>> 13;
  c |= 1; // 0 means empty
  let p = (a & (SLOTS - 1)) * 3;
  while (slots[p + 2] !== 0) {
    if (slots[p] === a && slots[p + 1] === b && slots[p + 2] === c) return false;
    p += 3;
    if (p === slots.length) p = 0;
  }
  slots[p] = a;
  slots[p + 1] = b;
  slots[p + 2] = c;
  return true;
}

const source = openSync(input, 'r');
const curated = openSync(join(folder, 'curated.ndjson'), 'w');
const quarantine = openSync(join(folder, 'quarantine.ndjson'), 'w');
const counts = { records: 0, curated: 0, quarantined: 0, duplicates: 0 };
let chunk = Buffer.allocUnsafe(CHUNK);
let filled = 0;

function quarantineLine(line: string, bits: number): string {
  return `{"value":${line},"findings":${JSON.stringify(namesOf(bits))}}\n`;
}

/** Handles the whole lines of chunk[0, end). The generator writes ASCII, so a byte is a character. */
function clean(end: number): void {
  const text = chunk.toString('latin1', 0, end);
  let good = '';
  let bad = '';
  for (let at = 0; at < end; ) {
    const stop = text.indexOf('\n', at);
    const line = text.slice(at, stop);
    at = stop + 1;
    const record = JSON.parse(line) as Order;
    counts.records++;
    if (typeof record.name === 'string') record.name = record.name.trim().toLowerCase();
    const amount = typeof record.amount === 'string' ? toNumber(record.amount) : Number(record.amount);
    record.amount = amount;
    const bits = failures(record, amount);
    if (bits !== 0) {
      counts.quarantined++;
      bad += quarantineLine(line, bits);
    } else if (isNew(record.id)) {
      counts.curated++;
      good += `${JSON.stringify(record)}\n`;
    } else counts.duplicates++;
  }
  if (good !== '') writeSync(curated, good, null, 'latin1');
  if (bad !== '') writeSync(quarantine, bad, null, 'latin1');
}

/** As clean(), but curated lines leave as the bytes they came in, whole runs at a time. */
function pass(end: number): void {
  const text = chunk.toString('latin1', 0, end);
  let bad = '';
  let out = 0;
  for (let at = 0, from = 0; at < end; ) {
    const stop = text.indexOf('\n', at);
    const line = text.slice(at, stop);
    const record = JSON.parse(line) as Order;
    counts.records++;
    const bits = failures(record, typeof record.amount === 'string' ? toNumber(record.amount) : Number(record.amount));
    const kept = bits === 0 && isNew(record.id);
    if (bits !== 0) {
      counts.quarantined++;
      bad += quarantineLine(line, bits);
    } else if (kept) counts.curated++;
    else counts.duplicates++;
    if (!kept || stop + 1 === end) {
      const until = kept ? stop + 1 : at;
      if (until > from) {
        chunk.copyWithin(out, from, until); // the text is a copy: the bytes before `at` are no longer needed
        out += until - from;
      }
      from = stop + 1;
    }
    at = stop + 1;
  }
  if (out > 0) writeSync(curated, chunk, 0, out);
  if (bad !== '') writeSync(quarantine, bad, null, 'latin1');
}

const handle = mode === 'pass' ? pass : clean;
for (;;) {
  const read = readSync(source, chunk, filled, chunk.length - filled, null);
  if (read === 0) break;
  filled += read;
  const end = chunk.subarray(0, filled).lastIndexOf(NEWLINE) + 1;
  if (end === 0) {
    const larger = Buffer.allocUnsafe(chunk.length * 2);
    chunk.copy(larger, 0, 0, filled);
    chunk = larger;
    continue;
  }
  const rest = Buffer.from(chunk.subarray(end, filled));
  handle(end);
  rest.copy(chunk);
  filled = rest.length;
}
if (filled > 0) {
  if (filled === chunk.length) chunk = Buffer.concat([chunk, Buffer.alloc(1)]);
  chunk[filled] = NEWLINE;
  handle(filled + 1);
}
for (const file of [source, curated, quarantine]) closeSync(file);
console.log(JSON.stringify(counts));
