import { Interner, type Scalar } from '../vote/ballots.ts';
import { OpenItems } from '../vote/open-items.ts';
import { PastItems } from '../vote/past-items.ts';
import { ClaimEntry, type ClaimModel, type EntryClosedBy, type Resolved } from './claim-entry.ts';
import { makeModel } from './make-model.ts';
import type { ClaimTaken, ResolveSettings, ResolveSink } from './resolve-settings.ts';
import { reportSources } from './source-report.ts';

/** Rounds at the end of a bounded input; closes between two looks at dependence and weights. */
const MAX_ROUNDS = 20;
const REFRESH_EVERY = 20;

/**
 * Claims of sources as a stream: entries (entity, attribute) open, close, are announced, and may be revised.
 *
 * Idea: as in the vote stream, an entry's share in what is known of the sources can be taken out and put back.
 * In: `claim`, `advance`, `close`, `end`. Out: the sink. All is a function of the sequence of calls.
 * Cost: a claim O(claims of the entry); a close O(claims²); a refresh O(sources²); memory about 600 B an entry in hand.
 *
 * Source: Dong, Berti-Équille & Srivastava 2009; Li et al. 2014.
 */
export class ResolveStream {
  readonly settings: ResolveSettings;
  readonly sources = new Interner();
  readonly model: ClaimModel;
  readonly entries = new Map<string, ClaimEntry>();
  readonly open = new OpenItems<ClaimEntry>();
  readonly past: PastItems;
  readonly dirty = new Set<number>();
  ring: ClaimEntry[] = [];
  warm: boolean;
  closes = 0;
  opened = 0;
  touches = 0;
  /** An attribute was met for which there was no room to learn. */
  attributesFull = false;
  private readonly sink: ResolveSink;

  constructor(settings: ResolveSettings, sink: ResolveSink) {
    this.settings = settings;
    this.sink = sink;
    this.past = new PastItems(settings.rememberEntries);
    this.warm = settings.method === 'majority' || settings.method === 'priority' || settings.warmUpEntries === 0;
    this.model = makeModel(settings, (name) => this.sources.code(name));
    this.model.reserve(this.sources.size);
  }

  /** What a source claims; `text` undefined withdraws it or abstains. The last claim of a source counts. */
  claim(
    name: { readonly entity: Scalar; readonly attribute: Scalar },
    said: { readonly source: Scalar; readonly text: string | undefined; readonly value: unknown },
    time: number,
  ): ClaimTaken {
    const key = JSON.stringify([name.entity, name.attribute]);
    const known = this.entries.get(key);
    if (known === undefined && this.past.has(key)) return 'late';
    const fresh = this.sources.find(said.source) < 0;
    if (fresh && this.sources.size >= this.settings.maxSources) return 'source-bound';
    if (
      known !== undefined &&
      said.text !== undefined &&
      known.values.length >= this.settings.maxValues &&
      !known.texts.includes(said.text)
    )
      return 'value-bound';
    const source = this.sources.code(said.source);
    if (fresh) this.model.reserve(this.sources.size);
    const entry = known ?? this.openEntry(key, name, time);
    const adding = entry.added !== undefined;
    const at = entry.sources.indexOf(source);
    if (said.text === undefined ? at < 0 : at >= 0 && entry.texts[entry.codes[at]!] === said.text) return 'repeated';
    if (adding) this.model.retract(entry);
    if (said.text === undefined) entry.withdraw(source);
    else entry.claim(source, said.text, said.value);
    entry.lastAt = time;
    entry.touch = ++this.touches;
    this.dirty.add(entry.seq);
    if (entry.state === 'open') this.open.touch(entry);
    else if (adding) {
      this.learn(entry);
      if (entry.state === 'closed') this.reconsider(entry, 'late-claim');
    }
    return 'counted';
  }

  /** Fires what is due at stream time `time`, in order of due time. */
  advance(time: number): void {
    for (;;) {
      const due = this.open.due(time, this.settings);
      if (due === undefined) return;
      this.closeEntry(due.item, due.by);
    }
  }

  /** Closes an entry by hand; false when it is not open. */
  close(name: { readonly entity: Scalar; readonly attribute: Scalar }): boolean {
    const entry = this.entries.get(JSON.stringify([name.entity, name.attribute]));
    if (entry?.state !== 'open') return false;
    this.closeEntry(entry, 'call');
    return true;
  }

  /** The end of a bounded input: everything open closes; truth, trust and dependence turn until the values stand still. */
  end(): void {
    const rest = this.open.all();
    for (const entry of rest) this.shut(entry, 'end');
    if (!this.warm) this.finishWarmUp();
    else {
      for (const entry of rest) this.learn(entry);
      this.turn();
      for (const entry of rest) this.announce(entry);
      this.trim();
    }
    this.report();
  }

  /** Puts restored entries where they were; call once after the last part of a state. */
  adopt(entries: readonly ClaimEntry[]): void {
    for (const entry of entries) this.entries.set(entry.key, entry);
    const open = entries.filter((entry) => entry.state === 'open');
    for (const entry of open.sort((a, b) => a.seq - b.seq)) this.open.add(entry);
    for (const entry of open.sort((a, b) => a.touch - b.touch)) this.open.touch(entry);
    this.ring = entries.filter((entry) => entry.state !== 'open').sort((a, b) => a.closeSeq - b.closeSeq);
  }

  private openEntry(
    key: string,
    name: { readonly entity: Scalar; readonly attribute: Scalar },
    time: number,
  ): ClaimEntry {
    if (this.open.size >= this.settings.maxOpen) {
      this.sink.evicted({ entries: 1, bound: 'items' });
      this.closeEntry(this.open.first()!, 'evicted');
    }
    if (!this.model.admit(String(name.attribute)) && !this.attributesFull) {
      this.attributesFull = true;
      this.sink.evicted({ entries: 1, bound: 'attributes' });
    }
    const entry = new ClaimEntry(key, name, this.opened++);
    entry.openedAt = time;
    entry.lastAt = time;
    entry.touch = ++this.touches;
    this.entries.set(key, entry);
    this.open.add(entry);
    this.dirty.add(entry.seq);
    return entry;
  }

  private closeEntry(entry: ClaimEntry, by: EntryClosedBy): void {
    this.shut(entry, by);
    if (!this.warm) {
      if (this.ring.length >= this.settings.warmUpEntries) this.finishWarmUp();
      return;
    }
    this.learn(entry);
    this.announce(entry);
    if (this.closes % REFRESH_EVERY === 0) this.model.refresh();
    if (this.settings.sweepEvery > 0 && this.closes % this.settings.sweepEvery === 0) this.sweep();
    this.trim();
    if (this.settings.reportEvery > 0 && this.closes % this.settings.reportEvery === 0) this.report();
  }

  private shut(entry: ClaimEntry, by: EntryClosedBy): void {
    entry.state = 'held';
    this.open.remove(entry);
    entry.closedBy = by;
    entry.closeSeq = ++this.closes;
    this.ring.push(entry);
    this.dirty.add(entry.seq);
  }

  private finishWarmUp(): void {
    const held = [...this.ring];
    for (const entry of held) {
      this.model.start(entry);
      this.model.add(entry);
    }
    this.model.refresh();
    this.warm = true;
    this.turn();
    for (const entry of held) this.announce(entry);
    this.trim();
  }

  private learn(entry: ClaimEntry): void {
    this.model.evaluate(entry);
    this.model.retract(entry);
    this.model.add(entry);
    this.dirty.add(entry.seq);
  }

  private turn(): void {
    if (this.settings.method === 'majority' || this.settings.method === 'priority') return;
    for (let round = 0; round < MAX_ROUNDS; round++) if (!this.sweep() && round > 1) return;
  }

  private sweep(): boolean {
    let changed = false;
    for (const entry of this.ring) {
      const before = entry.result?.value;
      this.learn(entry);
      if (entry.result!.value !== before) changed = true;
      if (entry.state === 'closed') this.reconsider(entry, 'sweep');
    }
    this.model.refresh();
    return changed;
  }

  private announce(entry: ClaimEntry): void {
    entry.state = 'closed';
    entry.announced = said(entry.result!);
    this.dirty.add(entry.seq);
    this.sink.resolved(entry, entry.result!);
  }

  private reconsider(entry: ClaimEntry, cause: 'late-claim' | 'sweep'): void {
    const now = said(entry.result!);
    if (now === entry.announced) return;
    const from: unknown = entry.announced === undefined ? null : JSON.parse(entry.announced);
    entry.announced = now;
    entry.revision++;
    this.sink.revised({ entry, from, cause });
    this.sink.resolved(entry, entry.result!);
  }

  private trim(): void {
    const extra = this.ring.length - this.settings.bufferEntries;
    if (extra <= 0) return;
    for (const entry of this.ring.splice(0, extra)) {
      this.entries.delete(entry.key);
      this.dirty.add(entry.seq);
      this.past.add(entry.key);
    }
  }

  private report(): void {
    for (const report of reportSources(this)) this.sink.report(report);
  }
}

/** The announced value as text: undecided is `null`. */
function said(result: Resolved): string {
  return JSON.stringify(result.decided ? result.value : null);
}
