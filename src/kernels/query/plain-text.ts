import { type CanonicalResult, keyed, trimmed } from './canonical.ts';

/** Words with which a statement begins that does something else than read, whatever the language. */
const COMMANDS =
  /^[\s(]*(?:alter|analyze|attach|begin|call|checkpoint|cluster|comment|commit|copy|create|declare|delete|detach|do|drop|end|exec|execute|export|grant|import|insert|kill|load|lock|merge|mutation|optimize|pragma|reindex|rename|replace|reset|revoke|rollback|savepoint|set|shutdown|start|subscription|truncate|unlock|update|upsert|use|vacuum)\b/i;

/** Words of writing anywhere: in a WITH clause, after a semicolon, as a method of a document store. */
const WRITES =
  /\b(?:(?:insert|update|delete|replace|drop|create|remove)(?:One|Many|Index|Collection|Database)?|merge|truncate|alter|into|mutation|bulkWrite|findAndModify|findOneAnd\w+|mapReduce|\$out|\$merge|for\s+(?:no\s+key\s+)?(?:update|share|key\s+share))\b|\$(?:out|merge)\b/i;

const VOLATILE =
  /\b(?:now|random\w*|rand|newid|newsequentialid|uuid\w*|gen_random\w*|getdate|getutcdate|sysdate\w*|sysutcdatetime|systimestamp|today|nextval|currval|lastval|last_insert_id|last_insert_rowid|changes|connection_id|row_count|found_rows|rowcount|sleep|benchmark|version|user|database|unix_timestamp|curdate|curtime|localtime\w*|timeofday|clock_timestamp|statement_timestamp|transaction_timestamp|generateuuid\w*|\$rand|\$sample)\b\s*[(:]|\b(?:current_\w+|localtime(?:stamp)?|session_user|sysdate|systimestamp|nextval|rownum|tablesample)\b|@@/i;

/** Comments of SQL at the head of a text, which may hide its first word. */
const HEAD = /^(?:\s+|--[^\n]*(?:\n|$)|#[^\n]*(?:\n|$)|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)+/;

/**
 * Key of a query in a language that is not parsed: its text without white space at the ends. What holds a word of
 * writing, or of a function that answers differently each time, is bypassed, wherever the word stands.
 * Errors: none. Cost: linear, without a parse.
 */
export function plainText(text: string): CanonicalResult {
  const bare = trimmed(text);
  if (bare === '') return { kind: 'bypass', reason: 'empty', readOnly: true };
  if (COMMANDS.test(bare.replace(HEAD, '')) || WRITES.test(bare)) return { kind: 'bypass', reason: 'not-a-select' };
  if (VOLATILE.test(bare)) return { kind: 'bypass', reason: 'volatile-function' };
  return keyed(bare, [], []);
}
