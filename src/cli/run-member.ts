import type { Broker } from '../core/broker.ts';
import type { Log } from '../core/log.ts';
import type { RunObserver } from '../core/observer.ts';
import { type RunSummary, runPlan } from '../runtime/run.ts';
import type { Plan } from '../topology/plan.ts';
import type { BrokerFlags } from './open-broker.ts';
import { rebaselineCommands } from './rebaseline-flag.ts';
import { timeParser } from './time-parser.ts';

/** The flags of `run` that choose how far it goes and what it accepts. */
export interface MemberFlags extends BrokerFlags {
  readonly acceptReplay?: boolean;
  readonly rebaseline?: readonly string[];
}

interface Member {
  readonly plan: Plan;
  readonly broker: Broker;
  readonly log: Log;
  readonly observer: RunObserver;
  readonly signal: AbortSignal;
}

/** Runs a plan as the flags of `run` say: in this thread, or as one worker of several. */
export function runMember(flags: MemberFlags, member: Member): Promise<RunSummary> {
  return runPlan({
    ...member,
    untilEnd: flags.local === undefined ? flags.untilEnd === true : flags.follow !== true,
    timeParser,
    acceptReplay: flags.acceptReplay === true,
    acceptOffsets: flags.acceptOffsets === true,
    resetSteps: flags.resetState,
    commands: rebaselineCommands(flags.rebaseline ?? [], member.plan),
  });
}
