import { open, readFile, rename } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import type { CommitInfo, FaultPoint, Position } from '../../core/broker.ts';
import { StateError } from '../../core/errors.ts';
import { isMissing, onFile, syncFolder, writeFully } from './files.ts';

/** Bytes a file must still hold: CRCs of its first bytes and of those before `length`. */
export interface Fingerprint {
  readonly length: number;
  readonly head: number;
  readonly tail: number;
}

/** A file read as part of an input, in reading order. */
export interface PartMark {
  readonly path: string;
  /** As origins show it. */
  readonly name: string;
  readonly inode: string;
  /** Position of its first record. */
  readonly start: Position;
  readonly print: Fingerprint;
  /** Followed over a rotation: the path now names another file. */
  readonly rotated?: true;
}

/** A place in an input between two records. */
export interface ReadMark {
  readonly position: Position;
  /** Index of the part; `offset` bytes of it (after decompression) are read. */
  readonly part: number;
  readonly offset: number;
  /** What the framer needs to go on from here. */
  readonly framing?: unknown;
  /** The file ended here: its last record may have had no line end. */
  readonly finished?: true;
  /** Only on its way to the manifest, which keeps it under `replays`: records of this replay that are read. */
  readonly replay?: ReplayMark;
}

export interface ReplayMark {
  readonly run: string;
  readonly done: number;
}

/** Where a state part lies. */
export interface StateRef {
  readonly name: string;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly crc: number;
}

export interface TaskEntry {
  readonly info: CommitInfo;
  readonly at: ReadMark;
  /** Where the newest checkpoint was taken: replay begins here. */
  readonly checkpointAt: ReadMark;
  readonly parts: readonly PartMark[];
  readonly state: readonly StateRef[];
  /** The input was read to its end when this was written. */
  readonly ended: boolean;
}

/** What is durable: everything else in the folder is cut, ignored or removed at open. */
export interface Manifest {
  readonly topology: string;
  /** Counts manifests: names state files and temporary files. */
  readonly sequence: number;
  /** File name below the folder → bytes that are ours and durable. */
  readonly outputs: Readonly<Record<string, number>>;
  readonly tasks: Readonly<Record<string, TaskEntry>>;
  /** Run id of a replay → task → records of it that are committed. */
  readonly replays?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

const MAGIC = 'sluice-manifest 1';

export function emptyManifest(topology: string): Manifest {
  return { topology, sequence: 0, outputs: {}, tasks: {} };
}

/** One head line (magic, CRC-32 and length of the body), then the body as JSON. */
export function encodeManifest(manifest: Manifest): Buffer {
  const body = Buffer.from(JSON.stringify(manifest));
  const head = `${MAGIC} ${crc32(body).toString(16).padStart(8, '0')} ${body.byteLength}\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

export function decodeManifest(bytes: Buffer, path: string): Manifest {
  const end = bytes.indexOf(10);
  const match = /^sluice-manifest (\d+) ([0-9a-f]{8}) (\d+)$/.exec(bytes.toString('latin1', 0, Math.max(end, 0)));
  if (match === null) throw damaged(path, 'its first line is not that of a manifest');
  if (match[1] !== '1') throw damaged(path, `it has format ${match[1]}, this version reads format 1`);
  const body = bytes.subarray(end + 1);
  if (body.byteLength !== Number(match[3])) throw damaged(path, `${body.byteLength} bytes instead of ${match[3]}`);
  if (crc32(body) !== Number.parseInt(match[2] ?? '', 16)) throw damaged(path, 'its checksum does not match');
  return JSON.parse(body.toString('utf8')) as Manifest; // the CRC says that these are the bytes we wrote
}

function damaged(path: string, what: string): StateError {
  return new StateError(`manifest ${path} is damaged: ${what}. Restore it, or start over with --from-start`, {
    code: 'manifest-damaged',
  });
}

/** `undefined` when there is none. */
export async function readManifest(path: string): Promise<Manifest | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    return onFile('read the manifest', path, () => Promise.reject(error));
  }
  return decodeManifest(bytes, path);
}

/** Puts a manifest in place: afterwards it is the truth, whatever happens to the machine. */
export async function writeManifest(folder: string, manifest: Manifest, point: FaultPoint): Promise<void> {
  const path = `${folder}/manifest`;
  const draft = `${path}.tmp`;
  await onFile('write the manifest', draft, async () => {
    await using file = await open(draft, 'w');
    await writeFully(file, encodeManifest(manifest), 0);
    await point('manifest.written');
    await file.sync();
  });
  await point('manifest.synced');
  await onFile('put in place', path, () => rename(draft, path));
  await point('manifest.renamed');
  await syncFolder(folder);
  await point('manifest.durable');
}
