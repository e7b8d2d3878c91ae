import { crc32c } from '@node-rs/crc32';
import { CODECS, type Codec, compress } from './codecs.ts';
import {
  ATTRIBUTES_AT,
  BASE_SEQUENCE_AT,
  BASE_TIME_AT,
  COUNT_AT,
  CRC_AT,
  LAST_DELTA_AT,
  LEADER_EPOCH_AT,
  LENGTH_AT,
  LENGTH_BASE,
  MAGIC,
  MAGIC_AT,
  MAX_TIME_AT,
  PRODUCER_EPOCH_AT,
  PRODUCER_ID_AT,
  RECORDS_AT,
  TRANSACTIONAL,
  writeInt64,
} from './layout.ts';

/** What a batch under construction knows of itself. */
export interface OpenBatch {
  count: number;
  baseTime: number;
  maxTime: number;
}

/** Who writes a batch; a batch without it is neither idempotent nor transactional. */
export interface BatchProducer {
  readonly id: number;
  readonly epoch: number;
  readonly transactional: boolean;
}

/** A closed batch: all but producer, sequence and checksum are settled. */
export class RawBatch {
  /** Records in it: how far the sequence moves. */
  readonly count: number;
  private readonly bytes: Buffer;

  /** `bytes`: room for the header, then the records, not compressed yet. They are the batch's from then on with codec none only. */
  constructor(bytes: Buffer, open: OpenBatch, codec: Codec) {
    this.count = open.count;
    this.bytes = codec === 'none' ? bytes : pack(bytes, codec);
    const header = this.bytes;
    writeInt64(header, 0, 0);
    header.writeInt32BE(header.length - LENGTH_BASE, LENGTH_AT);
    header.writeInt32BE(-1, LEADER_EPOCH_AT);
    header[MAGIC_AT] = MAGIC;
    header.writeInt16BE(CODECS.indexOf(codec), ATTRIBUTES_AT);
    header.writeInt32BE(open.count - 1, LAST_DELTA_AT);
    writeInt64(header, open.baseTime, BASE_TIME_AT);
    writeInt64(header, open.maxTime, MAX_TIME_AT);
    header.writeInt32BE(open.count, COUNT_AT);
  }

  get size(): number {
    return this.bytes.length;
  }

  /** The batch as it is sent; its bytes are the writer's, not a copy. `sequence` counts records of producer and partition, modulo 2³¹. */
  seal(producer?: BatchProducer, sequence = -1): Buffer {
    const { bytes } = this;
    const attributes = bytes.readInt16BE(ATTRIBUTES_AT) & ~TRANSACTIONAL;
    bytes.writeInt16BE(producer?.transactional === true ? attributes | TRANSACTIONAL : attributes, ATTRIBUTES_AT);
    writeInt64(bytes, producer?.id ?? -1, PRODUCER_ID_AT);
    bytes.writeInt16BE(producer?.epoch ?? -1, PRODUCER_EPOCH_AT);
    bytes.writeInt32BE(sequence, BASE_SEQUENCE_AT);
    bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)), CRC_AT);
    return bytes;
  }
}

function pack(bytes: Buffer, codec: Codec): Buffer {
  const packed = compress(codec, bytes.subarray(RECORDS_AT));
  const whole = Buffer.allocUnsafe(RECORDS_AT + packed.length);
  packed.copy(whole, RECORDS_AT);
  return whole;
}

/** The sequence after `count` more records: counts on from 0 after 2³¹ − 1. */
export function nextSequence(sequence: number, count: number): number {
  return (sequence + count) % 2 ** 31;
}
