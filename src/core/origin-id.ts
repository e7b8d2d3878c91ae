import type { Origin } from './record.ts';

/** Names a record: `topic/partition/offset`, with `#i` for an element of an exploded message. */
export function originId({ topic, partition, offset, index }: Origin): string {
  return `${topic}/${partition}/${offset}${index === undefined ? '' : `#${index}`}`;
}
