import type { Origin } from '../../core/record.ts';

/** Names a record, and the cluster whose first one it is. */
export function idOf({ topic, partition, offset, index }: Origin): string {
  return `${topic}/${partition}/${offset}${index === undefined ? '' : `#${index}`}`;
}
