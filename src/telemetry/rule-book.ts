import type { Finding } from '../core/finding.ts';
import type { CommitReport } from '../core/observer.ts';
import { qualityScore, type Score } from '../core/quality-score.ts';
import { Ring } from './rings.ts';
import type { RuleView } from './view.ts';

/** A rule that a topology declares, so that it shows before it first fails. */
export interface RuleSpec {
  readonly step: string;
  readonly rule: string;
  readonly severity: string;
  readonly field: string | null;
  readonly dimension: string | null;
}

interface Entry {
  readonly spec: RuleSpec;
  failed: number;
  dimension: string;
  field: string | null;
  readonly ring: Ring;
}

/** Rules that are followed; those beyond are counted together. */
const MAX_RULES = 5000;
const BUCKETS = 30;
const BUCKET_MS = 10_000;
const DEFAULT_DIMENSION = 'validity';

/** Failures of every rule, in all and lately. */
export class RuleBook {
  private readonly entries = new Map<string, Entry>();
  private readonly lost = { duplicate: new Ring(BUCKETS, BUCKET_MS), late: new Ring(BUCKETS, BUCKET_MS) };

  constructor(specs: readonly RuleSpec[]) {
    for (const spec of specs) this.entry(spec);
  }

  private entry(spec: RuleSpec): Entry | undefined {
    const key = keyOf(spec.step, spec.rule);
    const known = this.entries.get(key);
    if (known !== undefined || this.entries.size >= MAX_RULES) return known;
    const entry: Entry = {
      spec,
      failed: 0,
      dimension: spec.dimension ?? DEFAULT_DIMENSION,
      field: spec.field,
      ring: new Ring(BUCKETS, BUCKET_MS),
    };
    this.entries.set(key, entry);
    return entry;
  }

  commit({ counts }: CommitReport, now: number): void {
    for (const [key, n] of counts.findings) {
      const [step = '', rule = '', severity = ''] = key.split('\0');
      const entry = this.entry({ step, rule, severity, field: null, dimension: null });
      if (entry === undefined) continue;
      entry.failed += n;
      entry.ring.add(now, n);
    }
    for (const fate of ['duplicate', 'late'] as const) this.lost[fate].add(now, counts.fates.get(fate) ?? 0);
  }

  /** Findings know what a topology file leaves open: the dimension and the field of a rule. */
  learn(findings: readonly Finding[]): void {
    for (const { step, rule, dimension, field } of findings) {
      const entry = this.entries.get(keyOf(step, rule));
      if (entry === undefined) continue;
      if (dimension !== undefined) entry.dimension = dimension;
      entry.field ??= field ?? null;
    }
  }

  views(input: number, now: number): Record<string, RuleView> {
    const views: Record<string, RuleView> = {};
    for (const [key, { spec, failed, dimension, field, ring }] of this.entries)
      views[key] = {
        step: spec.step,
        rule: spec.rule,
        severity: spec.severity,
        field,
        dimension,
        failed,
        ratio: input === 0 ? 0 : failed / input,
        spark: ring.list(now),
      };
    return views;
  }

  score({ input, now }: { readonly input: number; readonly now: number }): Score {
    const failures = [...this.entries.values()].map(({ spec, dimension, ring }) => ({
      dimension,
      severity: spec.severity,
      failures: ring.sum(now, BUCKETS),
    }));
    failures.push(
      { dimension: 'uniqueness', severity: 'error', failures: this.lost.duplicate.sum(now, BUCKETS) },
      { dimension: 'timeliness', severity: 'error', failures: this.lost.late.sum(now, BUCKETS) },
    );
    return qualityScore(input, failures);
  }
}

function keyOf(step: string, rule: string): string {
  return `${step}/${rule}`;
}
