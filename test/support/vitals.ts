import { readdirSync, readFileSync } from 'node:fs';

/** What a process holds. */
export interface Vitals {
  readonly residentMiB: number;
  readonly descriptors: number;
}

/** Of a process that runs. Linux only: from /proc. */
export function vitalsOf(pid: number): Vitals {
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (resident === undefined) throw new Error(`process ${pid} has ended`);
  return { residentMiB: Number(resident) / 1024, descriptors: readdirSync(`/proc/${pid}/fd`).length };
}
