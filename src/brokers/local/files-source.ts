import { stat } from 'node:fs/promises';
import type { Batch, StageInput } from '../../core/broker.ts';
import type { Clock } from '../../core/clock.ts';
import type { Codec } from '../../core/codec.ts';
import { BrokerError, FormatError } from '../../core/errors.ts';
import type { Framer, MakeFramer } from '../../core/framer.ts';
import type { Log } from '../../core/log.ts';
import { DataRecord, type RecordSource } from '../../core/record.ts';
import { isMissing, onFile } from './files.ts';
import type { PartMark, ReadMark } from './manifest.ts';
import { PartBytes } from './part-bytes.ts';
import type { PartList } from './part-list.ts';
import type { Part } from './parts.ts';
import type { PollLimit, TaskSource } from './task-source.ts';

/** How often a followed file is looked at. */
const FOLLOW_EVERY_MS = 100;

export interface FilesOptions {
  readonly input: StageInput;
  readonly parts: PartList;
  readonly makeFramer: MakeFramer;
  readonly clock: Clock;
  readonly follow: boolean;
  readonly log: Log;
}

interface OpenPart {
  readonly index: number;
  readonly part: Part;
  readonly bytes: PartBytes;
  readonly framer: Framer;
  readonly source: RecordSource;
  /** Nothing more will come from this file. */
  finished: boolean;
}

/**
 * All parts of a topic as one partition. A record's offset counts over all parts, so it is the position too; the source
 * names the part and its first offset.
 */
export class FilesSource implements TaskSource {
  ended = false;
  private readonly options: FilesOptions;
  private position = 0;
  /** Part to open next, or the one that is open. */
  private partIndex = 0;
  private resume: ReadMark | undefined;
  private current: OpenPart | undefined;

  constructor(options: FilesOptions) {
    this.options = options;
  }

  async moveTo(mark: ReadMark): Promise<void> {
    await this.closePart();
    this.position = mark.position;
    this.partIndex = mark.part;
    this.resume = mark;
    this.ended = false;
  }

  mark(): ReadMark {
    const { current } = this;
    if (current === undefined) return this.resume ?? { position: this.position, part: this.partIndex, offset: 0 };
    const framing = current.framer.state();
    return {
      position: this.position,
      part: current.index,
      offset: current.framer.offset,
      ...(framing === undefined ? {} : { framing }),
      ...(current.finished ? { finished: true } : {}),
    };
  }

  async poll(limit: PollLimit, signal: AbortSignal): Promise<Batch> {
    const from = this.position;
    const records: DataRecord[] = [];
    let bytes = 0;
    let atEnd = false;
    let caughtUp = false;
    while (records.length < limit.records && bytes < limit.bytes && !signal.aborted) {
      const current = this.current ?? (await this.openNext());
      if (current !== undefined) {
        bytes += this.take(current, records, limit, bytes);
        if (records.length >= limit.records || bytes >= limit.bytes) break;
        if (await this.feed(current)) continue;
      }
      if (await this.advance()) continue;
      if (!this.options.follow) {
        atEnd = true;
        break;
      }
      caughtUp = true;
      if (records.length > 0 || !(await this.wait(limit.untilMs, signal))) break;
    }
    this.ended = atEnd;
    return {
      topic: this.options.input.topic,
      partition: 0,
      from,
      next: this.position,
      end: atEnd || caughtUp ? this.position : -1,
      logStart: 0,
      records,
      atEnd,
      bytes,
    };
  }

  /** Moves whole records from the framer into `records`; gives their bytes. */
  private take(current: OpenPart, records: DataRecord[], limit: PollLimit, taken: number): number {
    const { framer, source } = current;
    const { codec } = this.options.input;
    let bytes = 0;
    while (records.length < limit.records && taken + bytes < limit.bytes && framer.next()) {
      bytes += framer.bytes;
      const offset = this.position++;
      const { payload, data, layout, layoutAt = 0 } = framer;
      const isUnreadable = data instanceof FormatError;
      records.push(
        new DataRecord({
          source,
          offset,
          payload,
          codec: isUnreadable ? undecodable(codec, data) : (framer.codec ?? codec),
          data: isUnreadable ? undefined : data,
          layout,
          layoutAt,
        }),
      );
    }
    return bytes;
  }

  /** Gives the framer more; false when the file has no more now. */
  private async feed(current: OpenPart): Promise<boolean> {
    if (current.finished) return false;
    const chunk = await current.bytes.read();
    if (chunk !== undefined) {
      current.framer.push(chunk);
      return true;
    }
    if (this.options.follow && current.part.compression === 'none' && !(await this.isOver(current))) return false;
    current.finished = true;
    current.framer.finish();
    return true;
  }

  /** A followed file is over when its path names another file, or a later part has come. */
  private async isOver(current: OpenPart): Promise<boolean> {
    const size = await current.bytes.size();
    const { path } = current.part;
    if (size < current.bytes.offset)
      throw new BrokerError(
        `input ${path} was cut to ${size} bytes while ${current.bytes.offset} were read: rotate by rename, never by truncation; read it again with --from-start`,
        { code: 'input-truncated' },
      );
    if (size > current.bytes.offset) return false;
    const inode = await inodeOf(path);
    if (inode !== undefined && inode !== current.bytes.inode) {
      this.options.parts.rotated(current.index);
      return true;
    }
    await this.options.parts.refresh();
    return current.index + 1 < this.options.parts.length;
  }

  /** Goes on to the next part, if there is one. */
  private async advance(): Promise<boolean> {
    const { current, options } = this;
    if (current !== undefined && !current.finished) return false;
    const next = current === undefined ? this.partIndex : current.index + 1;
    if (next >= options.parts.length) await options.parts.refresh();
    if (next >= options.parts.length) return false;
    if (current !== undefined) {
      options.parts.close(current.index, await current.bytes.fingerprint(current.framer.offset));
      await this.closePart();
    }
    this.partIndex = next;
    this.resume = undefined;
    return true;
  }

  private async openNext(): Promise<OpenPart | undefined> {
    const { parts, input, makeFramer } = this.options;
    const part = parts.at(this.partIndex);
    if (part === undefined) return undefined;
    const resume = this.resume?.part === this.partIndex ? this.resume : undefined;
    const from = resume?.offset ?? 0;
    const bytes = await PartBytes.open(part.path, part.compression, from);
    if (resume?.finished === true)
      await bytes.checkContinued().catch(async (error) => {
        await bytes.close();
        throw error;
      });
    const first = parts.open(this.partIndex, { inode: bytes.inode, start: this.position });
    const framer = makeFramer({
      extension: part.extension,
      codec: input.codec,
      path: part.path,
      ...(input.options === undefined ? {} : { options: input.options }),
      ...(from === 0 ? {} : { resume: { offset: from, state: resume?.framing } }),
    });
    const source: RecordSource = {
      topic: input.topic,
      partition: 0,
      part: part.name,
      partStart: first,
      isLine: framer.isLine === true,
      ...(input.name === undefined ? {} : { input: input.name }),
    };
    this.current = { index: this.partIndex, part, bytes, framer, source, finished: false };
    return this.current;
  }

  /** False when time is over or the task stops. */
  private async wait(untilMs: number, signal: AbortSignal): Promise<boolean> {
    const left = untilMs - this.options.clock.elapsed();
    if (left <= 0 || signal.aborted) return false;
    try {
      await this.options.clock.sleep(Math.min(left, FOLLOW_EVERY_MS), signal);
    } catch (error) {
      if (signal.aborted) return false;
      throw error;
    }
    return true;
  }

  async partsAt(mark: ReadMark): Promise<readonly PartMark[]> {
    return this.options.parts.marks(mark, this.current?.index === mark.part ? this.current.bytes : undefined);
  }

  private async closePart(): Promise<void> {
    await this.current?.bytes.close();
    this.current = undefined;
  }

  close(): Promise<void> {
    return this.closePart();
  }
}

/** A framer that had to decode found out that it cannot be done: whoever decodes the record is told so. */
function undecodable(codec: Codec, error: FormatError): Codec {
  return {
    ...codec,
    decode() {
      throw error;
    },
  };
}

async function inodeOf(path: string): Promise<string | undefined> {
  try {
    return String((await stat(path, { bigint: true })).ino);
  } catch (error) {
    if (isMissing(error)) return undefined;
    return onFile('look at', path, () => Promise.reject(error));
  }
}
