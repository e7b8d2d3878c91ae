import { amendConnections } from './kafkajs.ts';

interface Connection {
  /** What came and was not taken yet. */
  chunks: readonly Buffer[];
  readonly bytesBuffered: number;
  processData(bytes: Buffer): void;
}

/**
 * Makes kafkajs give an answer that came in one piece as it came. The original keeps the empty rest of the answer before, and so
 * joins two pieces, which copies every answer: twice the memory outside the heap, of which 64 MiB make V8 collect all of it.
 * Idempotent.
 */
export function keepAnswersWhole(): void {
  amendConnections<Connection, 'processData'>(
    'processData',
    (original) =>
      function process(this: Connection, bytes: Buffer): void {
        if (this.bytesBuffered === 0) this.chunks = [];
        original.call(this, bytes);
      },
  );
}
