import type { CommitInfo } from '../../core/broker.ts';

/**
 * What travels with a committed offset, as its metadata (Kafka keeps at most 4096 characters):
 * `{"s":1,"c":7,"a":4200,"f":"<fingerprint>","n":12,"d":99,"e":1}`: version, checkpoint number and position, plan and
 * build, emissions since then and their digest, and whether the task has told the next stage that its input ended.
 */
export interface Committed {
  readonly offset: number;
  /** Undefined: somebody else set this offset. */
  readonly info: CommitInfo | undefined;
  readonly ended: boolean;
}

const VERSION = 1;

export function encodeMetadata(info: CommitInfo, ended: boolean): string {
  return JSON.stringify({
    s: VERSION,
    c: info.checkpoint,
    a: info.checkpointAt,
    f: info.fingerprint,
    n: info.emitted,
    d: info.digest,
    ...(ended ? { e: 1 } : {}),
  });
}

export function decodeCommitted(offset: number, metadata: string | null): Committed {
  const saved = parse(metadata);
  if (saved?.s !== VERSION) return { offset, info: undefined, ended: false };
  return {
    offset,
    info: {
      checkpoint: Number(saved.c),
      checkpointAt: Number(saved.a),
      fingerprint: String(saved.f),
      emitted: Number(saved.n),
      digest: Number(saved.d),
    },
    ended: saved.e === 1,
  };
}

function parse(metadata: string | null): Record<string, unknown> | undefined {
  if (metadata === null || !metadata.startsWith('{')) return undefined;
  try {
    return JSON.parse(metadata);
  } catch {
    return undefined; // text of another tool
  }
}
