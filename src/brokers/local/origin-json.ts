import { quoted } from '../../core/json-text.ts';
import type { DataRecord, RecordSource } from '../../core/record.ts';

/** The source asked for last, with what it says of all its records alike. */
let known: { readonly source: RecordSource; readonly head: string; readonly part: string } | undefined;

/** JSON of `record.origin`. */
export function originJson({ source, offset, index }: DataRecord): string {
  if (known?.source !== source) known = alike(source);
  const element = index < 0 ? '' : `,"index":${index}`;
  const place = source.partStart === undefined ? '' : `,"record":${offset - source.partStart}`;
  return `${known.head}${offset}${element}${known.part}${place}}`;
}

function alike(source: RecordSource) {
  const { topic, partition, part } = source;
  return {
    source,
    head: `{"topic":${quoted(topic)},"partition":${partition},"offset":`,
    part: part === undefined ? '' : `,"part":${quoted(part)}`,
  };
}
