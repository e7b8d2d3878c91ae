import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { LocalOptions } from '../../src/brokers/local/local-broker.ts';
import type { Stage } from '../../src/core/broker.ts';
import type { DataRecord } from '../../src/core/record.ts';
import { createCodec, makeFramer } from '../../src/formats/index.ts';
import { copyAll, info, openToy, pollSome, scratch, toTopic } from './local-toy.ts';

function source(
  path: string,
  format: string,
  options: object = {},
): { init: Partial<LocalOptions>; stage: Partial<Stage> } {
  return {
    init: { framers: makeFramer, topics: new Map([['in', [path]]]) },
    stage: { inputs: [{ topic: 'in', codec: createCodec(format), options: { format, ...options } }] },
  };
}

/** Reads `first` records, commits, is closed in the middle of the next batch, and reads the rest in a second run. */
async function inTwoRuns(
  dir: string,
  first: number,
  { init, stage }: ReturnType<typeof source>,
): Promise<DataRecord[]> {
  const { broker, channel } = await openToy(dir, init, stage);
  const batch = await pollSome(channel, first);
  expect(batch.records).toHaveLength(first);
  await channel.commit({ outputs: [toTopic('out', batch.records)], next: batch.next, info: info() });
  await pollSome(channel, 3);
  await channel.close();
  await broker.close();
  return [...batch.records, ...(await copyAll(dir, init, stage))];
}

const COUNT = 4000;

describe('local broker: formats', () => {
  it.each([
    ['a list over many lines', JSON.stringify(items(), null, 2)],
    ['a list on one line', JSON.stringify(items())],
    [
      'values one after another',
      items()
        .map((item) => JSON.stringify(item))
        .join('\n'),
    ],
  ])('goes on inside a .json file: %s', async (_, text) => {
    using folder = scratch();
    const path = join(folder.path, 'x.json');
    writeFileSync(path, text);
    for (const first of [1, 1777]) {
      const dir = join(folder.path, `run${first}`);
      const seen = await inTwoRuns(dir, first, source(path, 'json'));
      expect(seen.map((record) => record.data)).toEqual(items());
      expect(seen.map((record) => record.offset)).toEqual(items().map((_item, i) => i));
      const written = readFileSync(join(dir, 'out.ndjson'), 'utf8').trimEnd().split('\n');
      expect(written.map((line) => JSON.parse(line))).toEqual(items());
    }
  });

  it.each(['csv', 'csv.gz'])('goes on inside a .%s with the columns of its first line', async (extension) => {
    using folder = scratch();
    const path = join(folder.path, `x.${extension}`);
    const text = `id,note\r\n${items()
      .map(({ id }) => `${id},"line one\nline ""${id}"""\r\n`)
      .join('')}`;
    writeFileSync(path, extension === 'csv' ? text : gzipSync(text));
    const seen = await inTwoRuns(join(folder.path, 'run'), 1500, source(path, 'csv'));
    expect(seen.map((record) => record.data)).toEqual(
      items().map(({ id }) => ({ id: `${id}`, note: `line one\nline "${id}"` })),
    );
  });

  it('reads a list that grew a further element after a finished run', async () => {
    using folder = scratch();
    const path = join(folder.path, 'x.ndjson');
    writeFileSync(path, '{"id":1}\r\n');
    const { init, stage } = source(path, 'json');
    await copyAll(folder.path, init, stage);
    appendFileSync(path, '{"id":2}\r\n');
    expect((await copyAll(folder.path, init, stage)).map((record) => record.payload)).toEqual(['{"id":2}']);
  });

  it('a csv row with too many cells cannot be decoded and keeps its text', async () => {
    using folder = scratch();
    const path = join(folder.path, 'x.csv');
    writeFileSync(path, 'a,b\n1,2\n1,2,3\n');
    const { init, stage } = source(path, 'csv');
    const seen = await copyAll(folder.path, init, stage);
    expect(seen[0]?.data).toEqual({ a: '1', b: '2' });
    expect(() => seen[1]?.data).toThrow('3 cells where the header has 2');
    expect(seen[1]?.payload).toBe('1,2,3');
  });

  it('bytes that are not UTF-8 stay as they are while their buffer is used again', async () => {
    using folder = scratch();
    const path = join(folder.path, 'x.ndjson');
    const bad = Buffer.from([0x7b, 0xff, 0x7d]);
    const block = Buffer.concat([bad, Buffer.from(`\n${`{"x":"${'é'.repeat(500)}"}\n`.repeat(700)}`)]);
    writeFileSync(path, Buffer.concat([block, block, block, block, block]));
    const { init, stage } = source(path, 'json');
    const seen = await copyAll(folder.path, init, stage);
    const bytes = seen.map((record) => record.payload).filter((payload) => payload instanceof Uint8Array);
    expect(bytes.map((payload) => Buffer.from(payload).toString('hex'))).toEqual(Array(5).fill('7bff7d'));
    expect(readFileSync(join(folder.path, 'out.ndjson')).equals(readFileSync(path))).toBe(true);
  });
});

function items(): { id: number; text: string }[] {
  return Array.from({ length: COUNT }, (_, id) => ({ id, text: id % 5 === 0 ? `ü [${id}] {"}` : `t${id}` }));
}
