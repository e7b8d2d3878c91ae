const TARGET =
  /^\s*(?:insert\s+into|update|delete\s+from|truncate(?:\s+table)?|merge\s+into|copy|refresh\s+materialized\s+view(?:\s+concurrently)?)\s+(?:only\s+)?((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))*)/i;
const HARMLESS =
  /^\s*(?:begin|start\s+transaction|commit|end|rollback|savepoint|release|set|reset|show|explain|declare|fetch|move|close|prepare|deallocate|discard|listen|unlisten|notify|lock|vacuum|analyze|checkpoint|copy\s*\(|comment)\b/i;
const COMMENTS = /^(?:\s+|--[^\n]*\n|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)+/;
/** Reasons of statements that cannot write. */
const READS = new Set([
  'volatile-value',
  'volatile-function',
  'sampling',
  'temporary-table',
  'system-catalog',
  'locking',
  'empty',
  'unparsable',
  'too-large',
  'too-deep',
  'unkeyable-context',
]);

/** Tables a bypassed statement of a log writes to; `all` when it may be any. Good enough for statistics, not for a cache: triggers and rules write too. */
export function effectOf(text: string, reason: string): readonly string[] | 'all' {
  if (READS.has(reason)) return [];
  const statement = text.slice(0, 2000).replace(COMMENTS, '');
  if (reason !== 'not-a-select') return 'all';
  if (HARMLESS.test(statement)) return [];
  const target = TARGET.exec(statement)?.[1];
  return target === undefined || /,/.test(statement.slice(0, 200).split(/\bset\b|\(|\bvalues\b/i)[0] ?? '')
    ? 'all'
    : [target.replaceAll('"', '').replaceAll(/\s/g, '')];
}
