import type { Broker, TaskChannel } from '../core/broker.ts';
import { BrokerError } from '../core/errors.ts';
import { uniform } from '../core/hash.ts';

/** Shares (0 to 1) of calls that fail, drawn from the seed in the order of the calls. */
export interface FaultPlan {
  readonly seed: number;
  /** An open fails before it reaches the broker. */
  readonly open?: number;
  readonly poll?: number;
  /** A commit fails before it reaches the broker. */
  readonly commitLost?: number;
  /** A commit succeeds and its caller is told that it failed. */
  readonly commitUnknown?: number;
}

/** Any broker, with faults in front of it: what a run must survive without a record lost or doubled. */
export function faultyBroker(broker: Broker, plan: FaultPlan): Broker {
  let draws = 0;
  const hit = (share: number | undefined): boolean => share !== undefined && uniform(plan.seed, ++draws) < share;
  const fail = (what: string): never => {
    throw new BrokerError(`injected: ${what}`, { code: 'injected', retryable: true });
  };
  return {
    name: broker.name,
    tasks: (stages, signal) => broker.tasks(stages, signal),
    topics: (specs, mode) => broker.topics(specs, mode),
    close: () => broker.close(),
    open: async (task) => {
      if (hit(plan.open)) fail('open');
      return faultyChannel(await broker.open(task), { plan, hit, fail });
    },
  };
}

interface Faults {
  readonly plan: FaultPlan;
  readonly hit: (share: number | undefined) => boolean;
  readonly fail: (what: string) => never;
}

function faultyChannel(channel: TaskChannel, { plan, hit, fail }: Faults): TaskChannel {
  return {
    start: channel.start,
    seek: (position) => channel.seek(position),
    close: () => channel.close(),
    poll: async (limit, signal) => {
      if (hit(plan.poll)) fail('poll');
      return channel.poll(limit, signal);
    },
    commit: async (request) => {
      if (hit(plan.commitLost)) fail('commit lost');
      await channel.commit(request);
      if (hit(plan.commitUnknown)) fail('commit of unknown outcome');
    },
  };
}
