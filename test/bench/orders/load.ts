import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastProducer } from '../../support/kafka/fast-producer.ts';
import type { FileLines } from './file-lines.ts';
import { keyOf } from './fill-topic.ts';

/** Records due are sent so often; what they wait for it counts. */
const TICK_MS = 5;
/** Of a rate that is looked for: records a second at first, the factor of a step, how long it lasts, what it does not go below. */
const FIRST_RATE = 10_000;
const STEP = 1.25;
const STEP_SECONDS = 1.5;
export const LEAST_RATE = 1000;
/** A machine is warm when it has not been idler than it was for so many steps: all that has just begun is busy compiling. */
const WARM_STEPS = 12;

export interface Sending {
  /** The first line sent, and the first one not sent any more. */
  readonly from: number;
  readonly to: number;
  readonly perSecond: number;
}

/** Sends records as they fall due; the timestamp of each is when it fell due. */
export async function sendPaced(producer: FastProducer, lines: FileLines, sending: Sending): Promise<void> {
  const { from, perSecond } = sending;
  const to = Math.min(sending.to, lines.length);
  const start = performance.now();
  const begun = performance.timeOrigin + start;
  for (let at = from; at < to; ) {
    const due = Math.min(to, from + Math.ceil(((performance.now() - start) * perSecond) / 1000));
    for (; at < due; at++) {
      const line = lines.at(at);
      producer.write(keyOf(line), line, begun + ((at - from) * 1000) / perSecond);
    }
    await producer.flush();
    await sleep(TICK_MS);
  }
}

export interface Search {
  readonly from: number;
  readonly to: number;
  /** Share of the time of all cores that shall be in use. */
  readonly load: number;
}

/**
 * Sends, from the line `from` on, at the first rate until the machine is warm; then faster and faster until it is as busy as asked
 * for, or slower and slower until it is no busier. Gives the rate, and the first line not sent.
 */
export async function sendUntilLoad(
  producer: FastProducer,
  lines: FileLines,
  { from, to, load }: Search,
): Promise<{ readonly perSecond: number; readonly next: number }> {
  let perSecond = FIRST_RATE;
  let at = from;
  const step = async (): Promise<number> => {
    if (at >= to) throw new Error(`the last record was sent, at ${perSecond} a second, before the load was found`);
    const busy = new Busy();
    const next = at + Math.round(perSecond * STEP_SECONDS);
    await sendPaced(producer, lines, { from: at, to: next, perSecond });
    at = next;
    return busy.share;
  };
  let busy = await step();
  for (let since = 0, least = busy; busy >= load && since < WARM_STEPS; since++) {
    busy = await step();
    if (busy < least) since = 0;
    least = Math.min(least, busy);
  }
  if (busy < load)
    while (busy < load) {
      perSecond = Math.round(perSecond * STEP);
      busy = await step();
    }
  else
    while (busy > load && perSecond / STEP >= LEAST_RATE) {
      perSecond = Math.round(perSecond / STEP);
      busy = await step();
    }
  return { perSecond, next: at };
}

/** How busy all cores are, from the moment it is made on. */
export class Busy {
  private readonly before = coreTimes();

  /** Of their time. */
  get share(): number {
    const after = coreTimes();
    return (after.busy - this.before.busy) / (after.all - this.before.all);
  }
}

/** Of all cores since the start of the machine. */
function coreTimes(): { readonly busy: number; readonly all: number } {
  const times = cpus().map((core) => core.times);
  const all = times.reduce((sum, one) => sum + one.user + one.nice + one.sys + one.irq + one.idle, 0);
  return { busy: all - times.reduce((sum, one) => sum + one.idle, 0), all };
}
