import { LRUCache } from 'lru-cache';
import type { GroupSample } from '../../core/inspection.ts';
import { SpaceSaving } from '../sketch/space-saving.ts';

/** Counters: a group with more than one in this many of all repetitions is among those held. */
const CAPACITY = 200;
/** Groups whose texts are at hand, those not met for longest go first. */
const MAX_TEXTS = 2000;
const MAX_MEMBERS = 3;
const MAX_CHARS = 300;

interface Texts {
  readonly first: string | undefined;
  readonly members: { readonly text: string; readonly note: string }[];
}

/** The groups that repeat most, with a few of their texts: for people who look on. Bounded, about a megabyte at most. */
export class GroupBook {
  private readonly counts = new SpaceSaving(CAPACITY);
  private readonly texts = new LRUCache<string, Texts>({ max: MAX_TEXTS });

  /** The first record of a group. */
  begin(key: string, text: string): void {
    this.texts.set(key, { first: cut(text), members: [] });
  }

  /** A record that repeats one of the group; `note`: how it was recognized. */
  join(key: string, text: string, note: string): void {
    this.counts.add(key);
    let texts = this.texts.get(key);
    if (texts === undefined) {
      texts = { first: undefined, members: [] };
      this.texts.set(key, texts);
    }
    const { members } = texts;
    const shown = cut(text);
    if (members.some((member) => member.text === shown)) return;
    members.push({ text: shown, note });
    if (members.length > MAX_MEMBERS) members.shift();
  }

  top(n: number): readonly GroupSample[] {
    return this.counts.top(n).map(({ key, count, error }) => {
      const texts = this.texts.peek(key);
      return {
        key: cut(key),
        count,
        error,
        ...(texts?.first === undefined ? {} : { first: texts.first }),
        members: texts === undefined ? [] : [...texts.members],
      };
    });
  }
}

/** A copy: a part of a text would keep the whole of it, and of the batch it came from, in memory. */
function cut(text: string): string {
  const copy = Buffer.from(text.slice(0, MAX_CHARS)).toString();
  return text.length > MAX_CHARS ? `${copy}…` : copy;
}
