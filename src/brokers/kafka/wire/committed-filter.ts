/** What a fetch answers beside the records: transactions that were aborted, by producer and first offset. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/**
 * Read committed: which batches of one fetched partition belong to aborted transactions. A producer's aborted transaction
 * is open from its first offset to its abort marker, and those of several producers may interleave, so every entry that
 * has begun is open at once, and a marker closes its own producer's.
 * Source: KIP-98, "Fetch response"; Kafka protocol guide, control batches.
 */
export class CommittedFilter {
  private readonly waiting: AbortedTransaction[];
  private readonly open = new Set<number>();

  constructor(aborted: readonly AbortedTransaction[]) {
    this.waiting = aborted.slice().sort((a, b) => b.firstOffset - a.firstOffset); // the next to begin is the last
  }

  /** Call for every data batch, in order of offsets. True: its records are to be skipped. */
  isAborted(producerId: number, transactional: boolean, lastOffset: number): boolean {
    this.advance(lastOffset);
    return transactional && this.open.has(producerId);
  }

  /** Call for every control batch: its producer's transaction is over. */
  ended(producerId: number, lastOffset: number): void {
    this.advance(lastOffset);
    this.open.delete(producerId);
  }

  private advance(lastOffset: number): void {
    for (
      let next = this.waiting.at(-1);
      next !== undefined && next.firstOffset <= lastOffset;
      next = this.waiting.at(-1)
    ) {
      this.open.add(next.producerId);
      this.waiting.pop();
    }
  }
}
