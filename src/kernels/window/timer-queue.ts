interface Timer {
  readonly id: string;
  readonly at: number;
  /** Order of setting: ties in time fire in this order. */
  readonly order: number;
}

/** A timer as state: setting them again in this order gives the same queue. */
export type SavedTimer = readonly [id: string, at: number];

/**
 * Timers of a kernel on the clock of its records.
 *
 * Idea: a binary heap by (time, order of setting). A kernel calls `due(time[i])` until it is empty before it takes
 * record i, and on an `idle` or `end` tick: so what fires, and before which record, does not depend on how the input
 * was cut. One timer an id: setting it again moves it. Times in any unit; NaN is refused by ignoring the call.
 * Cost: log n a call; a moved or cancelled timer stays in the heap until its old time, at most as many as live ones.
 *
 * Example: `q.set('a', 5); q.set('b', 3); q.due(4)` gives `b`, then undefined.
 */
export class TimerQueue {
  private heap: Timer[] = [];
  private readonly live = new Map<string, Timer>();
  private nextOrder = 0;

  get size(): number {
    return this.live.size;
  }

  /** Time of the earliest timer, Infinity without one. */
  get next(): number {
    this.skipStale();
    return this.heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  timeOf(id: string): number | undefined {
    return this.live.get(id)?.at;
  }

  set(id: string, at: number): void {
    if (Number.isNaN(at)) return;
    const timer = { id, at, order: this.nextOrder++ };
    this.live.set(id, timer);
    this.push(timer);
    if (this.heap.length > 2 * this.live.size + 64) this.rebuild();
  }

  cancel(id: string): boolean {
    return this.live.delete(id);
  }

  /** Takes out the earliest timer not later than `now` and gives its id; undefined when none is due. */
  due(now: number): string | undefined {
    if (!(this.next <= now)) return undefined;
    const { id } = this.pop();
    this.live.delete(id);
    return id;
  }

  save(): SavedTimer[] {
    return [...this.live.values()].sort((a, b) => a.order - b.order).map(({ id, at }) => [id, at]);
  }

  restore(timers: readonly SavedTimer[]): void {
    for (const [id, at] of timers) this.set(id, at);
  }

  private skipStale(): void {
    while (this.heap.length > 0 && this.live.get(this.heap[0]!.id) !== this.heap[0]) this.pop();
  }

  private rebuild(): void {
    this.heap = [...this.live.values()].sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  private push(timer: Timer): void {
    const { heap } = this;
    let i = heap.length;
    heap.push(timer);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = timer;
  }

  private pop(): Timer {
    const { heap } = this;
    const top = heap[0]!;
    const last = heap.pop()!;
    const n = heap.length;
    if (n === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= n) break;
      if (child + 1 < n && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
