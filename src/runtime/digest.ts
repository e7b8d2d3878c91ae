import type { OutgoingBatch } from '../core/broker.ts';
import { hash32, mix32 } from '../core/hash.ts';

/**
 * Count and rolling digest of what was emitted since the last checkpoint. Replay must end on the same pair: it covers
 * which record went to which topic, how many findings and changes it carried, in which order within the topic; not the
 * bytes, which follow from them and from the plan's fingerprint. How topics take turns depends on the cut, so each has a
 * chain of its own.
 */
export class EmissionDigest {
  count = 0;
  private readonly chains = new Map<string, number>();

  get value(): number {
    let sum = 0;
    for (const chain of this.chains.values()) sum = (sum + mix32(chain)) >>> 0;
    return sum;
  }

  reset(): void {
    this.count = 0;
    this.chains.clear();
  }

  add(batch: OutgoingBatch): void {
    let h = this.chains.get(batch.topic) ?? hash32(batch.topic) | 0;
    const { records } = batch;
    for (let i = 0; i < records.length; i++) {
      const record = records[i]!;
      const size = record.findings.length * 64 + (record.patches === undefined ? 0 : record.patches.length);
      h = Math.imul(h ^ (record.offset | 0), 0x01000193);
      h = Math.imul(h ^ (record.index + 1) ^ (size << 8), 0x85ebca6b);
      h ^= h >>> 15;
    }
    this.chains.set(batch.topic, h);
    this.count += records.length;
  }
}
