import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Header, Origin } from '../../core/record.ts';

/**
 * What a record that comes back from quarantine carries in the header `sluice-replay`:
 *
 *     [32 bytes: HMAC-SHA256][JSON: {"attempt":1,"origin":{…},"step":"sane","run":"replay-1"}]
 *
 * The HMAC is over topology, JSON, key and value, each with its length before it (u32 LE, NULL for none). The timestamp
 * is not in it: a broker may set it (`message.timestamp.type=LogAppendTime`).
 */
export const REPLAY_HEADER = 'sluice-replay';

export interface ReplayMark {
  /** How often the record has been in quarantine. */
  readonly attempt: number;
  readonly origin: Origin;
  /** The step that refused it last. */
  readonly step: string;
  /** The replay it came back by. */
  readonly run: string;
}

const HMAC_BYTES = 32;
const NULL = 0xffffffff;
type Bytes = Uint8Array | string | null;

/** Signs marks with the first key, and believes those of any. */
export class ReplayMarks {
  private readonly topology: string;
  private readonly keys: readonly string[];

  constructor(topology: string, keys: readonly string[]) {
    this.topology = topology;
    this.keys = keys;
  }

  get hasKeys(): boolean {
    return this.keys.length > 0;
  }

  sign(mark: ReplayMark, { key, value }: { readonly key: Bytes; readonly value: Bytes }): Uint8Array {
    const [signer = ''] = this.keys;
    const json = Buffer.from(JSON.stringify(mark));
    return Buffer.concat([this.hmac(signer, [json, key, value]), json]);
  }

  /** Undefined for a mark that none of the keys has signed for these bytes. */
  read(header: Header, { key, value }: { readonly key: Bytes; readonly value: Bytes }): ReplayMark | undefined {
    const bytes = Buffer.from(header.value ?? []);
    if (bytes.length <= HMAC_BYTES) return undefined;
    const signature = bytes.subarray(0, HMAC_BYTES);
    const json = bytes.subarray(HMAC_BYTES);
    if (!this.keys.some((one) => timingSafeEqual(this.hmac(one, [json, key, value]), signature))) return undefined;
    return JSON.parse(json.toString()) as ReplayMark; // signed: we wrote it
  }

  private hmac(key: string, parts: readonly Bytes[]): Buffer {
    const hmac = createHmac('sha256', key);
    for (const part of [this.topology, ...parts]) {
      const bytes = part === null ? undefined : Buffer.from(part);
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32LE(bytes?.length ?? NULL);
      hmac.update(length);
      if (bytes !== undefined) hmac.update(bytes);
    }
    return hmac.digest();
  }
}
