import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MIB = 1024 * 1024;

/** Collects what is young, as V8 does many times a second; what is old stays, dead or alive. */
function collectYoung(): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: object) => void;
  gc({ type: 'minor', execution: 'sync' });
}

/** MiB beside the heap that are there after `times` calls and were not before, when only what is young is collected, every 20 calls. */
export function heldOutside(times: number, call: (time: number) => void): number {
  collectYoung();
  const before = process.memoryUsage().arrayBuffers;
  for (let time = 0; time < times; time++) {
    call(time);
    if (time % 20 === 0) collectYoung();
  }
  collectYoung();
  collectYoung();
  return (process.memoryUsage().arrayBuffers - before) / MIB;
}
