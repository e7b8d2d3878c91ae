import type { OutgoingBatch } from '../core/broker.ts';
import { hash32 } from '../core/hash.ts';

/**
 * Count and rolling digest of what was emitted since the last checkpoint. Replay must end on the same pair: it covers
 * which record went to which topic, how many findings and changes it carried, in which order; not the bytes, which follow from
 * them and from the plan's fingerprint.
 */
export class EmissionDigest {
  count = 0;
  value = 0;
  private readonly topics = new Map<string, number>();

  reset(): void {
    this.count = 0;
    this.value = 0;
  }

  add(batch: OutgoingBatch): void {
    let h = this.value;
    const topic = this.topicHash(batch.topic);
    for (const record of batch.records) {
      const size = record.findings.length * 64 + (record.patches?.length ?? 0);
      h = Math.imul(h ^ topic ^ (record.offset | 0), 0x01000193);
      h = Math.imul(h ^ (record.index + 1) ^ (size << 8), 0x85ebca6b);
      h ^= h >>> 15;
    }
    this.value = h >>> 0;
    this.count += batch.records.length;
  }

  private topicHash(topic: string): number {
    const known = this.topics.get(topic);
    if (known !== undefined) return known;
    const made = hash32(topic);
    this.topics.set(topic, made);
    return made;
  }
}
