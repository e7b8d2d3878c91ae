import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import type { Header, Origin } from '../core/record.ts';
import type { QuarantineEntry } from './entry.ts';

/** A record that goes back: as it was refused, or as a fix has made it. */
export interface ReplayRecord {
  /** Place of its entry in the quarantine. */
  readonly at: number;
  readonly value: string | Uint8Array | null;
  readonly key: Uint8Array | null;
  readonly timestamp: number;
  readonly headers: readonly Header[];
  readonly origin: Origin;
  /** How often it has been in quarantine. */
  readonly attempt: number;
  /** Columns of a csv row; absent: the value is JSON. */
  readonly columns?: readonly string[];
  readonly fixed: boolean;
}

/** What one replay sends back; chosen once, so that a resumed one goes on with the same records. */
export interface ReplaySet {
  readonly run: string;
  readonly records: readonly ReplayRecord[];
}

interface StoredRecord {
  readonly at: number;
  readonly text?: string;
  readonly base64?: string;
  readonly key?: string;
  readonly timestamp?: number;
  readonly headers: readonly (readonly [string, string | null])[];
  readonly origin: Origin;
  readonly attempt: number;
  readonly columns?: readonly string[];
  readonly fixed: boolean;
}

/** The sets of replays of a topology in a folder: `DIR/.sluice/<topology>/replays/<run>.ndjson`. */
export class ReplaySets {
  private readonly folder: string;

  constructor(dir: string, topology: string) {
    this.folder = `${dir}/.sluice/${topology}/replays`;
  }

  /** In the order of their names. */
  async all(): Promise<readonly ReplaySet[]> {
    await mkdir(this.folder, { recursive: true });
    const names = (await readdir(this.folder)).filter((name) => name.endsWith('.ndjson')).sort();
    const sets: ReplaySet[] = [];
    for (const name of names) sets.push(await this.read(name.slice(0, -'.ndjson'.length)));
    return sets;
  }

  private async read(run: string): Promise<ReplaySet> {
    const lines = (await readFile(this.path(run), 'utf8')).split('\n').slice(0, -1);
    return { run, records: lines.map((line) => revive(JSON.parse(line) as StoredRecord)) }; // our own file, put in place whole
  }

  /** Durable before the first record goes. */
  async write({ run, records }: ReplaySet): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    const draft = `${this.path(run)}.tmp`;
    {
      await using file = await open(draft, 'w');
      for (const record of records) await file.appendFile(`${JSON.stringify(store(record))}\n`);
      await file.sync();
    }
    await rename(draft, this.path(run));
    await using folder = await open(this.folder, 'r');
    await folder.sync();
  }

  private path(run: string): string {
    return `${this.folder}/${run}.ndjson`;
  }
}

export function replayRecord(entry: QuarantineEntry): ReplayRecord {
  const { at, value, key, timestamp, headers, origin, attempt, columns } = entry;
  const base = { at, value, key, timestamp, headers, origin, attempt, fixed: false };
  return columns === undefined ? base : { ...base, columns };
}

function store({ value, key, timestamp, headers, ...rest }: ReplayRecord): StoredRecord {
  return {
    ...rest,
    ...(value === null ? {} : typeof value === 'string' ? { text: value } : { base64: base64(value) }),
    ...(key === null ? {} : { key: base64(key) }),
    ...(Number.isNaN(timestamp) ? {} : { timestamp }),
    headers: headers.map((header) => [header.name, header.value === null ? null : base64(header.value)] as const),
  };
}

function revive({ text, base64: bytes, key, timestamp, headers, ...rest }: StoredRecord): ReplayRecord {
  return {
    ...rest,
    value: text ?? (bytes === undefined ? null : Buffer.from(bytes, 'base64')),
    key: key === undefined ? null : Buffer.from(key, 'base64'),
    timestamp: timestamp ?? Number.NaN,
    headers: headers.map(([name, value]) => ({ name, value: value === null ? null : Buffer.from(value, 'base64') })),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
