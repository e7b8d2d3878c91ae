import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalBroker } from '../../src/brokers/local/local-broker.ts';
import { load, planOf } from '../../src/cli/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import { makeFramer } from '../../src/formats/index.ts';
import { runPlan } from '../../src/runtime/run.ts';

/** The whole engine as a child process of the crash tests; `argv` as in toy-run.ts. */
const [dir = '', faultPoint = '', passes = '0', pauseMs = '0'] = process.argv.slice(2);

let left = Number(passes);
async function point(name: string): Promise<void> {
  if (name === faultPoint && left-- === 0) process.kill(process.pid, 'SIGKILL');
  if (name === 'commit.done' && pauseMs !== '0') await systemClock.sleep(Number(pauseMs));
}

const plan = planOf(await load(join(import.meta.dirname, 'topology.yaml')), { onePartition: true });
const broker = new LocalBroker({
  dir: join(dir, 'run'),
  topics: new Map([['in', JSON.parse(readFileSync(join(dir, 'inputs.json'), 'utf8')) as string[]]]),
  framers: makeFramer,
  clock: systemClock,
  faultPoint: point,
});
try {
  await runPlan({ plan, broker, untilEnd: true });
} finally {
  await broker.close();
}
