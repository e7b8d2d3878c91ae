import type { Out } from '../../core/operator.ts';

/** Counts `n` changes of a batch by method, in one call where the receiver knows how. */
export function countChanges(out: Out, method: string, n: number): void {
  if (n === 0) return;
  if (out.countEvidence !== undefined) out.countEvidence(method, n);
  else for (let i = 0; i < n; i++) out.evidence(undefined, { field: '', old: undefined, new: undefined, method });
}
