/** What the orders need of an item. */
export interface OpenItem<T> {
  readonly state: string;
  /** Stream time of the first and of the last vote, NaN without a clock. */
  readonly openedAt: number;
  readonly lastAt: number;
  /** Neighbours in the order of last votes. */
  older: T | undefined;
  newer: T | undefined;
}

/** Milliseconds of stream time after which an item is due; undefined: never. */
export interface DueRules {
  readonly afterMs?: number;
  readonly idleMs?: number;
}

/** Open items in two orders, by opening and by last vote: the next timer is always at a head. */
export class OpenItems<T extends OpenItem<T>> {
  /** In order of opening; items that closed are skipped at the head and swept out when they are the majority. */
  private queue: T[] = [];
  private head = 0;
  private oldest: T | undefined;
  private newest: T | undefined;
  size = 0;

  add(item: T): void {
    this.queue.push(item);
    this.link(item);
    this.size++;
  }

  /** A vote came: the item is the most recent one. */
  touch(item: T): void {
    if (this.newest === item) return;
    this.unlink(item);
    this.link(item);
  }

  remove(item: T): void {
    this.unlink(item);
    this.size--;
    if (this.queue.length > 64 && this.queue.length > 2 * this.size) {
      this.queue = this.queue.filter((entry, at) => at >= this.head && entry.state === 'open' && entry !== item);
      this.head = 0;
    }
  }

  /** The item that was opened first. */
  first(): T | undefined {
    while (this.head < this.queue.length && this.queue[this.head]!.state !== 'open') this.head++;
    return this.queue[this.head];
  }

  /** The item that is due first at stream time `time`; undefined: none is. */
  due(time: number, { afterMs, idleMs }: DueRules): { readonly item: T; readonly by: 'after' | 'idle' } | undefined {
    if ((afterMs === undefined && idleMs === undefined) || !(time >= 0)) return undefined;
    const first = afterMs === undefined ? undefined : this.first();
    const idle = idleMs === undefined ? undefined : this.oldest;
    const dueAfter = first === undefined ? Number.POSITIVE_INFINITY : first.openedAt + afterMs!;
    const dueIdle = idle === undefined ? Number.POSITIVE_INFINITY : idle.lastAt + idleMs!;
    if (!(Math.min(dueAfter, dueIdle) <= time)) return undefined;
    return dueAfter <= dueIdle ? { item: first!, by: 'after' } : { item: idle!, by: 'idle' };
  }

  /** All open items in order of opening. */
  all(): T[] {
    return this.queue.filter((item, at) => at >= this.head && item.state === 'open');
  }

  private link(item: T): void {
    item.older = this.newest;
    item.newer = undefined;
    if (this.newest !== undefined) this.newest.newer = item;
    else this.oldest = item;
    this.newest = item;
  }

  private unlink(item: T): void {
    if (item.older !== undefined) item.older.newer = item.newer;
    else if (this.oldest === item) this.oldest = item.newer;
    if (item.newer !== undefined) item.newer.older = item.older;
    else if (this.newest === item) this.newest = item.older;
    item.older = undefined;
    item.newer = undefined;
  }
}
