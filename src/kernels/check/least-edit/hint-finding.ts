import type { FieldEdit, Finding } from '../../../core/finding.ts';

/** Edits that take more text than this are left out. */
const MAX_EDITS_CHARS = 2_048;
const RULE = 'least-edit';

/** What a rejected record is told: the edits, or (for the counts alone) that there are none to tell. */
export function hintFinding(edits: readonly FieldEdit[] | undefined): {
  readonly finding: Omit<Finding, 'step'>;
  readonly isHint: boolean;
} {
  if (edits === undefined || JSON.stringify(edits).length > MAX_EDITS_CHARS)
    return { finding: { rule: `${RULE}.none`, severity: 'info' }, isHint: false };
  const suggestion = edits.map(textOf).join('; ');
  return { finding: { rule: RULE, severity: 'info', suggestion, edits }, isHint: true };
}

function textOf(edit: FieldEdit): string {
  return edit.remove === true ? `remove ${edit.field}` : `set ${edit.field} to ${JSON.stringify(edit.value)}`;
}
