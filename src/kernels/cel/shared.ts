import type { DataRecord } from '../../core/record.ts';
import type { SharedWork, WorkRequest } from '../../core/shared-work.ts';
import { compileCel, type Verdict } from './cel.ts';
import { celFields } from './issue.ts';
import { type CelNode, isNode, parseCel } from './parse.ts';

/** A condition over sealed records; steps of a stage that ask the same share the answer. */
export interface SharedCondition {
  readonly test: (record: DataRecord) => Verdict;
}

/** An expression of a step that judges records as they come (not while it changes them). Throws CelError. */
export function sharedCondition(text: string, shared: SharedWork | undefined): SharedCondition {
  const expression = compileCel(text);
  const once = shared?.once(celKey(text), (data) => expression.test(data));
  return once === undefined
    ? { test: (record) => expression.test(record.data) }
    : { test: (record) => once(record.data, record) };
}

/** What a step with these conditions asks for; texts that do not compile ask for nothing. */
export function celWork(texts: readonly string[]): WorkRequest[] {
  return texts.flatMap((text) => {
    try {
      return [{ key: celKey(text), what: `cel ${text}`, reads: celFields(text) }];
    } catch {
      return [];
    }
  });
}

/** One key for spellings with one tree: white space and redundant parentheses do not count. */
export function celKey(text: string): string {
  return `cel ${treeText(parseCel(text).ast)}`;
}

function treeText(value: unknown): string {
  if (isNode(value)) return `(${(value as CelNode).op} ${treeText(value.args)})`;
  if (Array.isArray(value)) return `[${value.map(treeText).join(',')}]`;
  if (typeof value === 'bigint') return `${value}n`;
  return `${typeof value} ${JSON.stringify(value) ?? ''}`;
}
