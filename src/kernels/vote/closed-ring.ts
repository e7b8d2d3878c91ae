/** Closed items in order of closing: pushed at one end, leaving at the other. */
export class ClosedRing<T> {
  private list: T[] = [];
  private head = 0;

  get length(): number {
    return this.list.length - this.head;
  }

  push(item: T): void {
    this.list.push(item);
  }

  /** Takes the oldest out; call it only while there is one. */
  shift(): T {
    const item = this.list[this.head++]!;
    if (this.head > 1024 && this.head * 2 > this.list.length) {
      this.list = this.list.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** The oldest first. */
  all(): readonly T[] {
    return this.head === 0 ? this.list : this.list.slice(this.head);
  }

  /** Replaces what is in it. */
  fill(items: readonly T[]): void {
    this.list = [...items];
    this.head = 0;
  }
}
