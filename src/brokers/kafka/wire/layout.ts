/**
 * Record batch, magic 2. All integers big-endian; `varint` is zigzag, 7 bits a byte, lowest first.
 *
 *     0 base offset i64 | 8 length of what follows i32 | 12 leader epoch i32 | 16 magic i8 | 17 crc32c of 21… u32
 *    21 attributes i16 (0–2 codec, 3 log append time, 4 transactional, 5 control)  | 23 last offset delta i32
 *    27 base timestamp i64 | 35 max timestamp i64 | 43 producer id i64 | 51 producer epoch i16 | 53 base sequence i32
 *    57 count of records i32 | 61 records, compressed as one block unless the codec is none
 *
 *    record: length varint | attributes i8 | timestamp delta varlong | offset delta varint
 *            | key length varint (-1 null), key | value length varint (-1 null), value
 *            | count of headers varint, each: name length varint, name, value length varint (-1 null), value
 *
 * Source: Kafka protocol guide, "Message format", record batch v2.
 */
export const LENGTH_AT = 8;
export const LEADER_EPOCH_AT = 12;
export const MAGIC_AT = 16;
export const CRC_AT = 17;
export const ATTRIBUTES_AT = 21;
export const LAST_DELTA_AT = 23;
export const BASE_TIME_AT = 27;
export const MAX_TIME_AT = 35;
export const PRODUCER_ID_AT = 43;
export const PRODUCER_EPOCH_AT = 51;
export const BASE_SEQUENCE_AT = 53;
export const COUNT_AT = 57;
export const RECORDS_AT = 61;

/** Bytes before those that `length` counts. */
export const LENGTH_BASE = 12;

export const MAGIC = 2;
export const CODEC_MASK = 0x07;
export const LOG_APPEND_TIME = 0x08;
export const TRANSACTIONAL = 0x10;
export const CONTROL = 0x20;

const HIGH = 2 ** 32;

/** Exact up to 2⁵³, far beyond any offset, producer id or time. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * HIGH + bytes.readUInt32BE(at + 4);
}

export function writeInt64(bytes: Buffer, value: number, at: number): void {
  const high = Math.floor(value / HIGH);
  bytes.writeInt32BE(high, at);
  bytes.writeUInt32BE(value - high * HIGH, at + 4);
}

/** Bytes of a varint. `zigzag` as given by zigzag32, unsigned. */
export function varintSize(zigzag: number): number {
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x200000 ? 3 : zigzag < 0x10000000 ? 4 : 5;
}

export function zigzag32(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}
