import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const MIB = 1024 * 1024;

/** Collects everything, or what is young alone, as V8 does many times a second: what is old then stays, dead or alive. */
export function collectGarbage(what: 'all' | 'young' = 'all'): void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: object) => void; // what the flag adds
  gc({ type: what === 'all' ? 'major' : 'minor', execution: 'sync' });
}

/**
 * MiB beside the heap that are there and were not before, when of `times` calls only what is young is collected, every 20 calls:
 * the most in between, and at the end. V8 may collect everything by itself meanwhile; that shows at the end alone.
 */
export function heldOutside(
  times: number,
  call: (time: number) => void,
): { readonly most: number; readonly atEnd: number } {
  collectGarbage();
  collectGarbage('young');
  const before = process.memoryUsage().arrayBuffers;
  const held = () => (process.memoryUsage().arrayBuffers - before) / MIB;
  let most = 0;
  for (let time = 0; time < times; time++) {
    call(time);
    if (time % 20 !== 0) continue;
    collectGarbage('young');
    most = Math.max(most, held());
  }
  collectGarbage('young');
  collectGarbage('young');
  return { most, atEnd: held() };
}
