import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { type BrokerHarness, brokerContract, CONTRACT_OUTPUT } from '../../src/testing/broker-contract.ts';
import {
  begin,
  copyAll,
  info,
  lines,
  openToy,
  parts,
  pollSome,
  restored,
  SOURCE,
  scratch,
  toTopic,
  toyBroker,
  toyStage,
} from './local-toy.ts';

function text(...path: string[]): string {
  return readFileSync(join(...path), 'utf8');
}

async function harness(): Promise<BrokerHarness> {
  const { path } = scratch();
  const input = join(path, 'in.ndjson');
  writeFileSync(input, '');
  return {
    clock: systemClock,
    input: 'in',
    zombies: false,
    append: async (values) => appendFileSync(input, values.map((value) => `${value}\n`).join('')),
    connect: async (options) => {
      const broker = toyBroker(path, options?.point === undefined ? {} : { faultPoint: options.point });
      await broker.topics([{ topic: CONTRACT_OUTPUT, role: 'output' }], 'create');
      return broker;
    },
    read: async () => {
      const output = join(path, `${CONTRACT_OUTPUT}.ndjson`);
      return existsSync(output) ? text(output).split('\n').slice(0, -1) : [];
    },
    dispose: async () => rmSync(path, { recursive: true }),
  };
}

describe('local broker', () => {
  for (const { name, run } of brokerContract('local', harness)) it(name, run);
});

describe('local broker: reading', () => {
  it('copies a file and has nothing new when run again', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(2500));
    expect(await copyAll(folder.path)).toHaveLength(2500);
    expect(text(folder.path, 'out.ndjson')).toBe(lines(2500));
    expect(await copyAll(folder.path)).toEqual([]);
    expect(text(folder.path, 'out.ndjson')).toBe(lines(2500));
  });

  it('reads what was appended after a finished run', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(10));
    await copyAll(folder.path);
    appendFileSync(join(folder.path, 'in.ndjson'), lines(5, 10));
    const more = await copyAll(folder.path);
    expect(more.map((record) => record.offset)).toEqual([10, 11, 12, 13, 14]);
    expect(text(folder.path, 'out.ndjson')).toBe(lines(15));
  });

  it('takes an unfinished last line as a record and refuses to go on when the line was continued', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), `${lines(1)}{"id":1`);
    expect((await copyAll(folder.path)).map((record) => record.payload)).toEqual([
      '{"id":0,"name":"näme 0"}',
      '{"id":1',
    ]);
    appendFileSync(join(folder.path, 'in.ndjson'), '}\n');
    await expect(copyAll(folder.path)).rejects.toMatchObject({ code: 'input-replaced' });
  });

  it('goes on after an unfinished last line when a line end follows', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), '{"id":1}');
    await copyAll(folder.path);
    appendFileSync(join(folder.path, 'in.ndjson'), '\n{"id":2}\n');
    expect((await copyAll(folder.path)).map((record) => record.payload)).toEqual(['{"id":2}']);
  });

  it('an empty file and an empty folder end at once', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), '');
    expect(await copyAll(folder.path)).toEqual([]);
    mkdirSync(join(folder.path, 'empty'));
    expect(
      await copyAll(join(folder.path, 'elsewhere'), { topics: new Map([['in', [join(folder.path, 'empty')]]]) }),
    ).toEqual([]);
  });

  it('reads the parts of a folder in byte order of their paths, through gz and zst, and names them in origins', async () => {
    using folder = scratch();
    const input = join(folder.path, 'parts');
    mkdirSync(join(input, 'day'), { recursive: true });
    writeFileSync(join(input, 'b.ndjson.gz'), gzipSync(lines(2, 1)));
    writeFileSync(join(input, 'a.ndjson'), lines(1));
    writeFileSync(join(input, 'day', 'c.ndjson.zst'), zstdCompressSync(lines(2, 3)));
    writeFileSync(join(input, '.hidden.ndjson'), lines(9));
    const seen = await copyAll(join(folder.path, 'out'), { topics: new Map([['in', [input]]]) });
    expect(seen.map((record) => record.origin)).toEqual([
      { topic: 'in', partition: 0, offset: 0, part: 'a.ndjson', record: 0 },
      { topic: 'in', partition: 0, offset: 1, part: 'b.ndjson.gz', record: 0 },
      { topic: 'in', partition: 0, offset: 2, part: 'b.ndjson.gz', record: 1 },
      { topic: 'in', partition: 0, offset: 3, part: 'day/c.ndjson.zst', record: 0 },
      { topic: 'in', partition: 0, offset: 4, part: 'day/c.ndjson.zst', record: 1 },
    ]);
    expect(text(folder.path, 'out', 'out.ndjson')).toBe(lines(5));
  });

  it('reads a part that came later and refuses one that sorts before', async () => {
    using folder = scratch();
    const input = join(folder.path, 'parts');
    mkdirSync(input);
    const topics = new Map([['in', [input]]]);
    writeFileSync(join(input, 'b.ndjson'), lines(2));
    await copyAll(join(folder.path, 'out'), { topics });
    writeFileSync(join(input, 'c.ndjson'), lines(2, 2));
    expect((await copyAll(join(folder.path, 'out'), { topics })).map((record) => record.offset)).toEqual([2, 3]);
    expect(await copyAll(join(folder.path, 'out'), { topics })).toEqual([]);
    writeFileSync(join(input, 'a.ndjson'), lines(2));
    await expect(copyAll(join(folder.path, 'out'), { topics })).rejects.toMatchObject({ code: 'part-out-of-order' });
  });

  it.each([
    ['gz', gzipSync],
    ['zst', zstdCompressSync],
  ] as const)('goes on inside a .%s', async (extension, pack) => {
    using folder = scratch();
    const path = join(folder.path, `x.ndjson.${extension}`);
    writeFileSync(path, pack(lines(40_000)));
    const topics = new Map([['in', [path]]]);
    for (const upTo of [15_000, 30_000]) {
      const { broker, channel } = await openToy(folder.path, { topics });
      const batch = await pollSome(channel, 15_000);
      expect(batch.next).toBe(upTo);
      await channel.commit({ outputs: [toTopic('out', batch.records)], next: batch.next, info: info() });
      await pollSome(channel, 7);
      await channel.close();
      await broker.close();
    }
    await copyAll(folder.path, { topics });
    expect(text(folder.path, 'out.ndjson') === lines(40_000)).toBe(true);
  });

  it('says that a compressed file is cut off', async () => {
    using folder = scratch();
    const path = join(folder.path, 'x.ndjson.gz');
    writeFileSync(path, gzipSync(lines(5000)).subarray(0, 5000));
    await expect(copyAll(folder.path, { topics: new Map([['in', [path]]]) })).rejects.toMatchObject({
      code: 'input-damaged',
    });
  });

  it.each([
    ['its first bytes differ', (all: string) => all.replace('"id":0', '"id":9')],
    ['the bytes before the position differ', (all: string) => all.replace('"id":2998', '"id":1998')],
    ['bytes, ', (all: string) => all.slice(0, -5)],
  ])('refuses a replaced input: %s', async (words, change) => {
    using folder = scratch();
    const path = join(folder.path, 'in.ndjson');
    writeFileSync(path, lines(3000));
    await copyAll(folder.path);
    writeFileSync(path, change(lines(3000)));
    await expect(copyAll(folder.path)).rejects.toThrow(words);
    await expect(copyAll(folder.path)).rejects.toMatchObject({ code: 'input-replaced' });
    expect(await copyAll(folder.path, { fromStart: true })).not.toEqual([]);
  });

  it('refuses an earlier part that grew after the next was begun', async () => {
    using folder = scratch();
    const topics = new Map([['in', [join(folder.path, 'a.ndjson'), join(folder.path, 'b.ndjson')]]]);
    writeFileSync(join(folder.path, 'a.ndjson'), lines(2));
    writeFileSync(join(folder.path, 'b.ndjson'), lines(2));
    await copyAll(folder.path, { topics });
    appendFileSync(join(folder.path, 'a.ndjson'), lines(1));
    await expect(copyAll(folder.path, { topics })).rejects.toThrow('grew');
  });

  it('names a missing file and a loop of links', async () => {
    using folder = scratch();
    await expect(copyAll(folder.path)).rejects.toMatchObject({ code: 'file-missing' });
    mkdirSync(join(folder.path, 'loop'));
    symlinkSync(join(folder.path, 'loop'), join(folder.path, 'loop', 'again'));
    const topics = (name: string) => ({ topics: new Map([['in', [join(folder.path, name)]]]) });
    await expect(copyAll(folder.path, topics('loop'))).rejects.toMatchObject({ code: 'file-symlink-loop' });
    symlinkSync(join(folder.path, 'self'), join(folder.path, 'self'));
    await expect(copyAll(folder.path, topics('self'))).rejects.toMatchObject({ code: 'file-symlink-loop' });
  });

  it('starts at an offset or at the end when it has no past', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(5));
    const at = await copyAll(join(folder.path), {}, { start: { offsets: { 0: 3 } } });
    expect(at.map((record) => record.offset)).toEqual([3, 4]);
    using other = scratch();
    writeFileSync(join(other.path, 'in.ndjson'), lines(5));
    const { broker, channel } = await openToy(other.path, {}, { start: 'latest' });
    expect(channel.start.position).toBe(5);
    expect(await pollSome(channel)).toMatchObject({ records: [], atEnd: true, next: 5 });
    await broker.close();
    await expect(openToy(other.path, {}, { start: { time: 1 } })).rejects.toMatchObject({ code: 'start-unsupported' });
  });
});

describe('local broker: following', () => {
  it('waits for complete lines and goes on over a rotation by rename, also after a restart', async () => {
    using folder = scratch();
    const path = join(folder.path, 'in.ndjson');
    writeFileSync(path, `${lines(2)}{"id":2,`);
    const first = await openToy(folder.path, { follow: true });
    const batch = await pollSome(first.channel, 10, 50);
    expect(batch).toMatchObject({ next: 2, atEnd: false, end: 2 });
    await first.channel.commit({ outputs: [toTopic('out', batch.records)], next: 2, info: info() });
    await first.channel.close();
    await first.broker.close();
    appendFileSync(path, '"name":"näme 2"}\n');
    renameSync(path, `${path}.1`);
    writeFileSync(path, lines(2, 3));
    const second = await openToy(folder.path, { follow: true });
    const seen: unknown[] = [];
    while (seen.length < 3)
      seen.push(...(await pollSome(second.channel, 10, 500)).records.map((record) => record.payload));
    expect(`${seen.join('\n')}\n`).toBe(lines(3, 2));
    renameSync(path, `${path}.2`);
    writeFileSync(path, lines(1, 5));
    expect((await pollSome(second.channel, 1, 2000)).records.map((record) => record.offset)).toEqual([5]);
    await second.channel.close();
    await second.broker.close();
  });

  it('a truncated file is an error', async () => {
    using folder = scratch();
    const path = join(folder.path, 'in.ndjson');
    writeFileSync(path, lines(3));
    const { broker, channel } = await openToy(folder.path, { follow: true });
    await pollSome(channel, 10, 50);
    truncateSync(path, 5);
    await expect(pollSome(channel, 10, 500)).rejects.toMatchObject({ code: 'input-truncated' });
    await channel.close();
    await broker.close();
  });
});

describe('local broker: committing', () => {
  it('keeps position, info and state parts; replaced and dropped parts are gone with their files', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(6));
    const { broker, channel } = await openToy(folder.path);
    const steps = [parts({ 'a/1': 'one', 'a/2': 'two' }), parts({ 'a/1': 'uno' }), parts({ 'a/3': 'three' }, ['a/2'])];
    for (const [i, checkpoint] of steps.entries()) {
      const batch = await pollSome(channel, 2);
      await channel.commit({
        outputs: [toTopic('out', batch.records)],
        next: batch.next,
        info: info({ checkpoint: i }),
        checkpoint,
      });
    }
    await channel.close();
    await broker.close();
    const again = await openToy(folder.path);
    expect(again.channel.start).toMatchObject({ position: 6, committed: info({ checkpoint: 2 }) });
    expect(await restored(again.channel)).toEqual({ 'a/1': 'uno', 'a/3': 'three' });
    expect(readdirSync(join(folder.path, '.sluice', 'toy', 'state'))).toHaveLength(2);
    await again.broker.close();
  });

  it('goes back to the newest checkpoint and splits batches at the committed position', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(10));
    const { broker, channel } = await openToy(folder.path);
    await pollSome(channel, 3);
    await channel.commit({ outputs: [], next: 3, info: info(), checkpoint: parts({ p: 'x' }) });
    await pollSome(channel, 3);
    await channel.commit({ outputs: [], next: 6, info: info() });
    await channel.close();
    await broker.close();
    const again = await openToy(folder.path);
    expect(again.channel.start.position).toBe(6);
    expect(() => again.channel.seek(4)).toThrow('cannot go back');
    again.channel.seek(3);
    expect(await pollSome(again.channel)).toMatchObject({ from: 3, next: 6 });
    expect(await pollSome(again.channel)).toMatchObject({ from: 6, next: 10 });
    await again.channel.commit({ outputs: [], next: 6, info: info() });
    await again.broker.close();
  });

  it('refuses an output that exists without a manifest, unless told to overwrite', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(2));
    writeFileSync(join(folder.path, 'out.ndjson'), 'mine\n');
    await expect(copyAll(folder.path)).rejects.toMatchObject({ code: 'output-exists' });
    expect(text(folder.path, 'out.ndjson')).toBe('mine\n');
    await copyAll(folder.path, { overwrite: true });
    expect(text(folder.path, 'out.ndjson')).toBe(lines(2));
  });

  it('refuses it at the start when the topics were named before', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(2));
    writeFileSync(join(folder.path, 'out.ndjson'), 'mine\n');
    const broker = toyBroker(folder.path);
    await broker.topics([{ topic: 'out', role: 'output' }], 'check');
    await expect(begin(broker)).rejects.toMatchObject({ code: 'output-exists' });
    await broker.close();
  });

  it('cuts what is longer than committed and refuses what is shorter', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(4));
    await copyAll(folder.path);
    appendFileSync(join(folder.path, 'out.ndjson'), 'half a rec');
    await copyAll(folder.path);
    expect(text(folder.path, 'out.ndjson')).toBe(lines(4));
    truncateSync(join(folder.path, 'out.ndjson'), 3);
    await expect(copyAll(folder.path)).rejects.toMatchObject({ code: 'output-shorter' });
    await copyAll(folder.path, { overwrite: true });
    expect(text(folder.path, 'out.ndjson')).toBe(lines(4));
    rmSync(join(folder.path, 'out.ndjson'));
    await expect(copyAll(folder.path)).rejects.toMatchObject({ code: 'output-shorter' });
  });

  it.each([
    ['a bit flipped', (bytes: Buffer) => bytes.writeUInt8(bytes[60]! ^ 1, 60)],
    ['another head', (bytes: Buffer) => bytes.write('nonsense')],
  ])('a damaged manifest (%s) is refused, not guessed', async (_, damage) => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(4));
    await copyAll(folder.path);
    const path = join(folder.path, '.sluice', 'toy', 'manifest');
    const bytes = readFileSync(path);
    damage(bytes);
    writeFileSync(path, bytes);
    await expect(copyAll(folder.path)).rejects.toMatchObject({ name: 'StateError', code: 'manifest-damaged' });
  });

  it('a damaged state part is refused', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(4));
    const { broker, channel } = await openToy(folder.path);
    await pollSome(channel);
    await channel.commit({ outputs: [], next: 4, info: info(), checkpoint: parts({ 'a/1': 'one' }) });
    await broker.close();
    const [file] = readdirSync(join(folder.path, '.sluice', 'toy', 'state'));
    writeFileSync(join(folder.path, '.sluice', 'toy', 'state', file!), 'oNe');
    const again = await openToy(folder.path);
    await expect(restored(again.channel)).rejects.toMatchObject({ name: 'StateError', code: 'state-damaged' });
    await again.broker.close();
  });

  it('a failed commit is undone by opening the task again', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(4));
    let armed = true;
    const faultPoint = (name: string): void => {
      if (armed && name === 'outputs.synced') throw new Error('planted');
    };
    const { broker, channel } = await openToy(folder.path, { faultPoint });
    const batch = await pollSome(channel);
    await expect(channel.commit({ outputs: [toTopic('out', batch.records)], next: 4, info: info() })).rejects.toThrow(
      'planted',
    );
    await channel.close();
    armed = false;
    const again = await broker.open(SOURCE);
    expect(again.start.position).toBe(0);
    expect(text(folder.path, 'out.ndjson')).toBe('');
    await expect(channel.commit({ outputs: [], next: 4, info: info() })).rejects.toMatchObject({ code: 'closed' });
    await broker.close();
  });

  it('a channel whose task was opened again is fenced', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(4));
    const { broker, channel } = await openToy(folder.path);
    const batch = await pollSome(channel);
    await broker.open(SOURCE);
    await expect(channel.commit({ outputs: [], next: batch.next, info: info() })).rejects.toMatchObject({
      code: 'fenced',
    });
    await broker.close();
  });

  it('a position that no poll ended at cannot be committed', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(4));
    const { broker, channel } = await openToy(folder.path);
    await pollSome(channel, 2);
    await expect(channel.commit({ outputs: [], next: 1, info: info() })).rejects.toMatchObject({
      code: 'commit-unknown',
    });
    await broker.close();
  });

  it('leaves nothing behind but outputs and its own folder', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(4));
    await copyAll(folder.path);
    expect(readdirSync(folder.path).sort()).toEqual(['.sluice', 'in.ndjson', 'out.ndjson']);
    expect(readdirSync(join(folder.path, '.sluice', 'toy')).sort()).toEqual(['manifest', 'state', 'topics']);
    expect(existsSync(join(folder.path, '.sluice', 'toy', 'lock'))).toBe(false);
  });

  it('reports topics', async () => {
    using folder = scratch();
    writeFileSync(join(folder.path, 'in.ndjson'), lines(4));
    const broker = toyBroker(join(folder.path, 'new'), { topics: new Map([['in', [join(folder.path, 'in.ndjson')]]]) });
    const specs = [
      { topic: 'in', role: 'input' },
      { topic: 'gone', role: 'input' },
      { topic: 'out', role: 'output' },
    ] as const;
    expect(await broker.topics(specs, 'create')).toMatchObject({
      topics: [
        { topic: 'in' },
        { topic: 'gone', remedy: expect.stringContaining('--topic gone=') },
        { topic: 'out', created: true },
      ],
    });
    expect(toyStage().id).toBe('source');
  });
});
