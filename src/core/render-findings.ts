import { type Evidence, type Finding, MAX_EVIDENCE_CHARS, MAX_FINDINGS_BYTES, MAX_OBSERVED_BYTES } from './finding.ts';

/** JSON of findings as they leave the engine: observed values and the whole are bounded, what was left out is counted. */
export function renderFindings(findings: readonly Finding[]): string {
  const parts: string[] = [];
  let size = 2;
  for (let i = 0; i < findings.length; i++) {
    const text = JSON.stringify(boundFinding(findings[i] as Finding)); // i is below the length
    size += text.length + 1;
    if (size > MAX_FINDINGS_BYTES - 64) {
      parts.push(
        JSON.stringify({ step: 'input', rule: 'findings-omitted', severity: 'info', observed: findings.length - i }),
      );
      break;
    }
    parts.push(text);
  }
  return `[${parts.join(',')}]`;
}

/**
 * JSON of the changes to a record as they leave the engine. Values are whole, so that they can be undone; a change
 * beyond the bound is there without its values, marked `cut`.
 */
export function renderEvidence(evidence: readonly Evidence[]): string {
  let left = MAX_EVIDENCE_CHARS;
  const parts = evidence.map((change) => {
    const text = safeJson(change);
    if (text !== undefined && text.length <= left) {
      left -= text.length;
      return text;
    }
    const { field, step, method } = change;
    return JSON.stringify({ field, step, method, cut: true });
  });
  return `[${parts.join(',')}]`;
}

export function boundFinding(finding: Finding): Finding {
  const observed = boundObserved(finding.observed);
  return observed === finding.observed ? finding : { ...finding, observed };
}

/** A value of a record as it may stand beside it: at most 256 bytes. */
export function boundObserved(observed: unknown): unknown {
  if (observed === undefined || observed === null || typeof observed === 'boolean') return observed;
  if (typeof observed === 'number') return Number.isFinite(observed) ? observed : String(observed);
  const text = typeof observed === 'string' ? observed : (safeJson(observed) ?? typeof observed);
  if (text.length <= MAX_OBSERVED_BYTES / 4 || Buffer.byteLength(text) <= MAX_OBSERVED_BYTES) {
    return typeof observed === 'string' ? text : observed;
  }
  return `${text.slice(0, MAX_OBSERVED_BYTES / 4)}… (${text.length} characters)`;
}

/** Undefined for what JSON cannot say, or what is too deep. */
function safeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
