import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../core/clock.ts';
import { createLog } from '../telemetry/log.ts';
import { registryOf } from './kafka-flags.ts';
import { load, loadText, planOf } from './load.ts';
import { openBroker } from './open-broker.ts';
import { runMember } from './run-member.ts';
import { failureOf, type Told, tellingObservers, type WorkerTask } from './worker-messages.ts';

/** One thread of `run --workers`: a member of the group like a process of its own, which tells its parent what it does. */
const { path, text, flags, logLevel, wantsSamples } = workerData as WorkerTask; // WorkerPool gives it
const port = parentPort;
if (port === null) throw new Error('run-worker.ts runs as a worker thread only');
const tell = (told: Told) => port.postMessage(told);
const stop = new AbortController();
port.once('message', (reason: string) => stop.abort(new Error(reason)));
const log = createLog({
  level: logLevel,
  elapsed: systemClock.elapsed,
  write: (line) => process.stderr.write(line),
  onSuppressed: (code, lines) => tell({ kind: 'suppressed', code, lines }),
});
const observers = tellingObservers(tell, wantsSamples);
try {
  const registry = await registryOf(flags, process.env);
  const plan = planOf(text === undefined ? await load(path) : loadText(path, text), {
    onePartition: false,
    env: process.env,
    registry,
  });
  const broker = await openBroker(plan, flags, { log, transport: observers.transport });
  try {
    await runMember(flags, { plan, broker, log, observer: observers.run, signal: stop.signal });
  } finally {
    await broker.close();
  }
} catch (error) {
  tell({ kind: 'failed', error: failureOf(error) });
} finally {
  port.close();
}
