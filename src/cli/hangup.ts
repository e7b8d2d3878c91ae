import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** SIGHUP asks for a reload; where it says that the terminal of the process is gone, it ends the process as it always did. */
export function onHangup(reload: () => void): { dispose(): void } {
  const attached = [0, 1, 2].some((fd) => isatty(fd));
  const dispose = () => process.off('SIGHUP', onSignal);
  const onSignal = () => {
    if (!attached || hasTerminal()) return reload();
    dispose();
    process.kill(process.pid, 'SIGHUP');
  };
  process.on('SIGHUP', onSignal);
  return { dispose };
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false; // ENXIO: the session has none any more
  }
}
