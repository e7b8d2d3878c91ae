import type { WorkRequest } from '../core/shared-work.ts';
import type { StagePlan, StepPlan } from './plan.ts';

/** Work that several steps of a stage ask for: done once for a record that no step in between has changed. */
export interface SharedRequest {
  readonly key: string;
  readonly what: string;
  /** Steps that ask, one name each time. */
  readonly steps: readonly string[];
}

/** What is asked for more than once, in order of the first asking. A step that writes a field the work reads begins anew. */
export function sharedRequests(stage: StagePlan): readonly SharedRequest[] {
  const open = new Map<string, { readonly request: WorkRequest; readonly steps: string[] }>();
  const all: { readonly request: WorkRequest; readonly steps: string[] }[] = [];
  for (const step of stage.steps) {
    for (const request of step.operator.work?.(step.config) ?? []) {
      let entry = open.get(request.key);
      if (entry === undefined) {
        entry = { request, steps: [] };
        open.set(request.key, entry);
        all.push(entry);
      }
      entry.steps.push(step.id);
    }
    const written = writesOf(step);
    for (const [key, { request }] of open) if (written === 'any' || touches(request, written)) open.delete(key);
  }
  return all
    .filter(({ steps }) => steps.length > 1)
    .map(({ request, steps }) => ({ key: request.key, what: request.what, steps }));
}

function writesOf(step: StepPlan): ReadonlySet<string> | 'any' {
  const use = step.operator.fields?.(step.config);
  if (use === undefined) return step.operator.work === undefined ? 'any' : new Set();
  return new Set([...(use.writes ?? []), ...(use.renames ?? []).flat()].map(topName));
}

function touches({ reads }: WorkRequest, written: ReadonlySet<string>): boolean {
  if (written.size === 0) return false;
  return reads.some((field) => field === '' || written.has(topName(field)));
}

/** First name of a path: `a` of `a.b`, `a[].b`, `/a/b`. */
function topName(field: string): string {
  return /^\/?([^./[]*)/.exec(field)?.[1] ?? field;
}
