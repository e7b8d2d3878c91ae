import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { kafkajsModule, keepAnswersWhole } from '../../../../src/brokers/kafka/wire/index.ts';

interface Connection {
  requestQueue: { fulfillRequest(answer: Answer): void };
  processData(bytes: Buffer): void;
}

interface Answer {
  readonly correlationId: number;
  readonly size: number;
  readonly payload: Buffer;
}

const logger = { debug() {}, warn() {}, info() {}, error() {}, namespace: () => logger };

/** A connection that never connects, and the answers it takes from what it is given. */
function makeConnection(): { give(bytes: Buffer): void; readonly answers: Answer[] } {
  const Original = kafkajsModule('network/connection.js') as new (options: object) => Connection;
  const connection = new Original({ host: 'localhost', port: 1, logger, socketFactory: () => undefined });
  const answers: Answer[] = [];
  connection.requestQueue.fulfillRequest = (answer) => void answers.push(answer);
  return { give: (bytes) => connection.processData(bytes), answers };
}

/** length i32 | correlation id i32 | body */
function frame(correlationId: number, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(8 + body.length);
  bytes.writeInt32BE(4 + body.length, 0);
  bytes.writeInt32BE(correlationId, 4);
  bytes.set(body, 8);
  return bytes;
}

describe('keepAnswersWhole', () => {
  beforeAll(keepAnswersWhole);

  it('gives what came in one piece as it came, not a copy, one answer after the other', () => {
    const { give, answers } = makeConnection();
    const pieces = [1, 2, 3].map((id) => frame(id, Buffer.alloc(10_000, id)));
    for (const piece of pieces) give(piece);
    expect(answers.map(({ correlationId }) => correlationId)).toEqual([1, 2, 3]);
    for (const [i, { payload }] of answers.entries()) expect(payload.buffer).toBe(pieces[i]!.buffer);
  });

  it('puts answers together however they are cut', () => {
    const property = fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 60 }),
      (bodies, cuts) => {
        const bytes = Buffer.concat(bodies.map((body, id) => frame(id, body)));
        const { give, answers } = makeConnection();
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const piece = bytes.subarray(at, at + cuts[i % cuts.length]!);
          give(Buffer.from(piece));
          at += piece.length;
        }
        expect(answers.map(({ correlationId, payload }) => [correlationId, [...payload]])).toEqual(
          bodies.map((body, id) => [id, [...body]]),
        );
      },
    );
    fc.assert(property, { numRuns: 300, seed: 3 });
  });
});
