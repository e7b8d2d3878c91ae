import { type FileHandle, open, unlink } from 'node:fs/promises';
import { BrokerError } from '../../core/errors.ts';

/** What to do about an errno that files and folders answer with. */
const REMEDIES: Readonly<Record<string, { readonly code: string; readonly words: string; readonly retryable?: true }>> =
  {
    ENOENT: { code: 'missing', words: 'there is no such file or folder; check the path' },
    EACCES: { code: 'no-permission', words: 'permission denied; check owner and mode' },
    EPERM: { code: 'no-permission', words: 'operation not permitted; check owner, mode and mount options' },
    EROFS: { code: 'read-only', words: 'the file system is mounted read-only; choose another folder' },
    ENOSPC: { code: 'disk-full', words: 'no space left on the device; free some and run the same command again' },
    EDQUOT: { code: 'disk-full', words: 'disk quota exceeded; free some space and run the same command again' },
    ELOOP: { code: 'symlink-loop', words: 'symbolic links lead in a circle; remove the loop' },
    EISDIR: { code: 'not-a-file', words: 'a folder stands where a file is expected' },
    ENOTDIR: { code: 'not-a-folder', words: 'a file stands where a folder is expected' },
    EMFILE: { code: 'too-many-files', words: 'too many open files; raise `ulimit -n`', retryable: true },
    ENFILE: { code: 'too-many-files', words: 'too many open files on this machine', retryable: true },
    EIO: { code: 'io', words: 'the device reported an input/output error; check the disk' },
  };

function errnoOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return '';
}

export function isMissing(error: unknown): boolean {
  return errnoOf(error) === 'ENOENT';
}

export function isTaken(error: unknown): boolean {
  return errnoOf(error) === 'EEXIST';
}

/** Wraps what the file system threw: what was tried, where, why, and the remedy. Errors of ours pass through. */
export function fileError(what: string, path: string, error: unknown): Error {
  const errno = errnoOf(error);
  if (errno === '' || !(error instanceof Error) || error instanceof BrokerError) return error as Error; // thrown values are errors here
  const known = Object.hasOwn(REMEDIES, errno) ? REMEDIES[errno] : undefined;
  return new BrokerError(`cannot ${what} ${path}: ${known?.words ?? error.message}`, {
    code: `file-${known?.code ?? 'failed'}`,
    cause: error,
    retryable: known?.retryable ?? false,
  });
}

/** Runs `action`; what it throws comes out as a BrokerError that names `what` and `path`. */
export async function onFile<T>(what: string, path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fileError(what, path, error);
  }
}

/** Writes all of `bytes` at `position`: one system call unless the kernel splits it. */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

/** Reads `length` bytes at `position`; fewer only when the file ends before. */
export async function readFully(
  file: FileHandle,
  position: number,
  length: number,
  into?: Buffer,
): Promise<Uint8Array> {
  const bytes = into ?? Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done === length ? bytes : bytes.subarray(0, done);
}

/** The first `length` bytes of a file as text. */
export function readHead(path: string, length: number): Promise<string> {
  return onFile('read the output', path, async () => {
    const file = await open(path, 'r');
    try {
      return Buffer.from(await readFully(file, 0, length)).toString();
    } finally {
      await file.close();
    }
  });
}

/** Makes names created, renamed or removed in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  await onFile('sync the folder', path, async () => {
    await using folder = await open(path, 'r');
    await folder.sync();
  });
}

export async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!isMissing(error)) throw fileError('remove', path, error);
  }
}
