import type { FieldSlot } from '../../core/field.ts';
import type { GroupSample } from '../../core/inspection.ts';
import type { Out } from '../../core/operator.ts';
import type { DataRecord } from '../../core/record.ts';
import { GroupBook } from '../groups/group-book.ts';
import type { Features } from './features.ts';
import { round3 } from './likeness.ts';
import { nearFinding } from './near-finding.ts';
import type { Match, NearIndex } from './near-index.ts';

/** Clusters that are shown to who looks on. */
const INSPECTED = 20;

export const PORT = { out: 0, duplicates: 1 } as const;

/** What was found of a record. */
export interface Found {
  /** Of its compared fields. */
  readonly texts: readonly string[];
  readonly features: Features;
  readonly cluster: string;
  /** A record of its cluster, or its partner. */
  readonly match: Match | undefined;
  /** The nearest record, which is not near enough. */
  readonly related: Match | undefined;
}

export interface WriterOptions {
  readonly into: FieldSlot | undefined;
  /** Near-duplicates as alike as this, or more, leave by the port `duplicates`. */
  readonly dropFrom: number;
  /** Compared fields that may be shown. */
  readonly visible: readonly boolean[];
  /** Somebody looks on. */
  readonly watched: boolean;
}

/** Lets records leave with what was found, and keeps what people who look on are shown. */
export class NearWriter {
  private readonly options: WriterOptions;
  private readonly index: NearIndex;
  private readonly groups: GroupBook | undefined;

  constructor(options: WriterOptions, index: NearIndex) {
    this.options = options;
    this.index = index;
    this.groups = options.watched ? new GroupBook() : undefined;
  }

  write(record: DataRecord, found: Found, out: Out): void {
    const { into, dropFrom } = this.options;
    const { match, related, cluster } = found;
    const near = match ?? related;
    if (near === undefined && into === undefined) {
      out.emit(PORT.out, record);
      return;
    }
    const draft = record.edit();
    into?.set(draft, cluster);
    const { features } = found;
    if (near !== undefined)
      out.finding(
        draft,
        nearFinding(this.index, { texts: this.shown(found.texts), features, match: near, cluster: match && cluster }),
      );
    out.emit(match !== undefined && match.score >= dropFrom ? PORT.duplicates : PORT.out, draft);
  }

  /** The record counts in its cluster. */
  note({ texts, cluster, match }: Found): void {
    const { groups } = this;
    if (groups === undefined) return;
    const text = this.shown(texts)
      .filter((one) => one !== '')
      .join(' · ');
    if (match === undefined) groups.begin(cluster, text);
    else groups.join(cluster, text, `score ${round3(match.score)}`);
  }

  inspect(): readonly GroupSample[] {
    return this.groups?.top(INSPECTED) ?? [];
  }

  private shown(texts: readonly string[]): readonly string[] {
    return texts.filter((_, i) => this.options.visible[i] === true);
  }
}
