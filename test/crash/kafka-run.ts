import { load, planOf } from '../../src/cli/load.ts';
import { type Broker, taskName } from '../../src/core/broker.ts';
import type { Log } from '../../src/core/log.ts';
import { openKafka } from '../../src/run-kafka.ts';
import { runPlan } from '../../src/runtime/run.ts';

/** The whole engine on Kafka as a child process of the crash tests. What it passes goes to the parent, which may kill it. */
export interface KafkaRun {
  readonly topology: string;
  readonly brokers: string;
  readonly untilEnd: boolean;
  /** Fault point to die at, after so many passes of it. */
  readonly dieAt?: string;
  readonly passes?: number;
  readonly acceptOffsets?: boolean;
  readonly resetSteps?: readonly string[];
}

const run = JSON.parse(process.argv[2] ?? '{}') as KafkaRun; // the parent writes it
let left = run.passes ?? 0;
const stop = new AbortController();
process.once('SIGTERM', () => stop.abort(new Error('SIGTERM')));
const orphaned = () => process.exit(1); // never outlive the test
process.once('disconnect', orphaned);

const tell = (message: object) => void process.send?.(message);

const line = (code: string, message: string) => tell({ log: `${code}: ${message}` });
const log: Log = { error: line, warn: line, info: () => {}, debug: () => {} };

let code = 0;
let broker: Broker | undefined;
try {
  const plan = planOf(await load(run.topology), { onePartition: false });
  const accepts = {
    acceptOffsets: run.acceptOffsets === true,
    ...(run.resetSteps === undefined ? {} : { resetSteps: run.resetSteps }),
  };
  broker = await openKafka(plan, {
    brokers: run.brokers,
    untilEnd: run.untilEnd,
    log,
    ...accepts,
    point: (name) => {
      if (name === run.dieAt && left-- === 0) process.kill(process.pid, 'SIGKILL');
      tell({ point: name });
    },
  });
  const { signal } = stop;
  const {
    in: records,
    curated,
    quarantined,
    duplicate,
    merged,
    held,
    read,
  } = await runPlan({
    plan,
    broker,
    log,
    signal,
    observer: { taskState: (task, state) => tell({ task: taskName(task), state }) },
    untilEnd: run.untilEnd,
    ...accepts,
  });
  tell({ summary: { in: records, curated, quarantined, duplicate, merged, held, read } });
} catch (error) {
  code = stop.signal.aborted && broker === undefined ? 0 : 1; // asked to stop before it had begun, as the command line
  const { code: name } = error as { readonly code?: unknown };
  process.stderr.write(`${String(name)}: ${error instanceof Error ? error.message : String(error)}\n`);
} finally {
  await broker?.close();
  process.exitCode = code;
  process.removeListener('disconnect', orphaned);
  process.disconnect?.();
}
