import { expect, it } from 'vitest';
import { kafkajsModule, RecordReader } from '../../../../src/brokers/kafka/wire/index.ts';
import { writeAll } from './records.ts';

const COUNT = 2000;
const records = Array.from({ length: COUNT }, (_, i) => ({
  timestamp: 1_700_000_000_000 + i,
  key: Buffer.from(`order-${i}`),
  value: Buffer.alloc(240, i),
  headers: [{ name: 'sluice-origin', value: Buffer.from('{"topic":"orders.raw","partition":0}') }],
}));

/** Least CPU time of a few rounds, milliseconds: other work on the machine only adds. */
async function cpuMs(rounds: number, job: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    const before = process.cpuUsage();
    await job();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

function readSizes(batch: Buffer): number {
  let bytes = 0;
  new RecordReader(batch, { where: 't/0', from: 0 }).read({
    record: (_offset, _time, key, value) => {
      bytes += (key?.length ?? 0) + (value?.length ?? 0);
    },
  });
  return bytes;
}

it('encodes records at least three times as fast as kafkajs, and decodes them twice', async () => {
  const encodeRecord = kafkajsModule('protocol/recordBatch/record/v0/index.js') as (message: object) => unknown;
  const { RecordBatch } = kafkajsModule('protocol/recordBatch/v0/index.js') as {
    RecordBatch(batch: object): Promise<unknown>;
  };
  const Decoder = kafkajsModule('protocol/decoder.js') as new (bytes: Buffer) => object;
  const decode = kafkajsModule('protocol/recordBatch/v0/decoder.js') as (decoder: object) => Promise<unknown>;
  const stockEncode = () =>
    RecordBatch({
      records: records.map(({ key, value, headers }, i) =>
        encodeRecord({
          key,
          value,
          headers: { [headers[0]!.name]: headers[0]!.value },
          offsetDelta: i,
          timestampDelta: i,
        }),
      ),
      firstTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_000_000 + COUNT - 1,
      lastOffsetDelta: COUNT - 1,
    });
  const sealed = writeAll(records)[0]!.seal();
  const [stockWrite, write] = [await cpuMs(12, stockEncode), await cpuMs(40, () => writeAll(records)[0]!.seal())];
  const [stockRead, read] = [
    await cpuMs(12, () => decode(new Decoder(sealed))),
    await cpuMs(40, () => readSizes(sealed)),
  ];
  expect(stockWrite / write).toBeGreaterThan(3);
  expect(stockRead / read).toBeGreaterThan(2);
});
