import type { CertificateStamp } from '../core/certificate.ts';
import type { ExportedRecord, FindingName } from './source.ts';

/** What the records of an export say of themselves. */
export class Tally {
  records = 0;
  tombstones = 0;
  untimed = 0;
  readonly schemas = new Set<number>();
  private readonly rules = new Map<string, Map<string, number>>();
  private readonly plans = new Map<string, CertificateStamp>();

  add({ findings, certificate }: ExportedRecord): void {
    this.records++;
    this.found(findings);
    if (certificate === undefined) return;
    const { topology, plan } = certificate;
    this.plans.set(`${topology} ${plan}`, { topology, plan });
  }

  found(findings: readonly FindingName[]): void {
    for (const { step, rule, severity } of findings) {
      const name = `${step}/${rule}`;
      const counts = this.rules.get(name) ?? new Map<string, number>();
      this.rules.set(name, counts.set(severity, (counts.get(severity) ?? 0) + 1));
    }
  }

  /** In order of names. */
  ruleCounts(): Readonly<Record<string, Readonly<Record<string, number>>>> {
    return Object.fromEntries(sorted(this.rules).map(([name, counts]) => [name, Object.fromEntries(sorted(counts))]));
  }

  certificates(): readonly CertificateStamp[] {
    return sorted(this.plans).map(([, certificate]) => certificate);
  }
}

function sorted<T>(map: ReadonlyMap<string, T>): readonly (readonly [string, T])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
