import { LocalBroker, type LocalReplay } from './brokers/local/local-broker.ts';
import { type Clock, systemClock } from './core/clock.ts';
import { BrokerError, PlanError } from './core/errors.ts';
import type { Log } from './core/log.ts';
import type { Operator } from './core/operator.ts';
import { createCodec, makeFramer } from './formats/index.ts';
import { operatorRegistry } from './operators/index.ts';
import { type RunOptions, type RunSummary, runPlan } from './runtime/run.ts';
import { checkPlan, planTopics, planTopology, type Topology } from './topology/index.ts';
import type { Plan } from './topology/plan.ts';

export interface LocalRunOptions {
  /** Folder of the outputs, and of inputs that `topics` does not name. */
  readonly local: string;
  /** Files and folders of input topics. */
  readonly topics?: Readonly<Record<string, string | readonly string[]>>;
  readonly follow?: boolean;
  readonly fromStart?: boolean;
  readonly overwrite?: boolean;
  readonly forceUnlock?: boolean;
  /** Records that come back from quarantine, instead of the inputs. */
  readonly replay?: LocalReplay;
  readonly clock?: Clock;
  readonly log?: Log;
}

/** A broker over files for this plan, with its topics checked. Throws PlanError when the plan can't run on files, BrokerError when an output is refused. */
export async function openLocal(plan: Plan, options: LocalRunOptions): Promise<LocalBroker> {
  checkPlan(plan, { timestamps: false, partitions: () => 1 });
  refuseRegistryFormats(plan);
  for (const topic of compressed(plan))
    options.log?.warn('compression-on-files', `${topic}: files are written without compression`, { topic });
  const codecs = new Map(plan.stages.flatMap((stage) => stage.sinks.map((sink) => [sink.topic, sink.codec] as const)));
  const { topics = {} } = options;
  const broker = new LocalBroker({
    dir: options.local,
    topics: new Map(Object.entries(topics).map(([name, paths]) => [name, typeof paths === 'string' ? [paths] : paths])),
    framers: makeFramer,
    codecOf: (topic) => codecs.get(topic),
    clock: options.clock ?? systemClock,
    follow: options.follow === true,
    fromStart: options.fromStart === true,
    overwrite: options.overwrite === true,
    forceUnlock: options.forceUnlock === true,
    ...(options.replay === undefined ? {} : { replay: options.replay }),
    ...(options.log === undefined ? {} : { log: options.log }),
  });
  const { topics: found } = await broker.topics(planTopics(plan), 'create');
  const wrong = found.find(({ problem }) => problem !== undefined);
  if (wrong === undefined) return broker;
  await broker.close();
  throw new BrokerError(`${wrong.topic}: ${wrong.problem}${wrong.remedy === undefined ? '' : `; ${wrong.remedy}`}`, {
    code: 'topic-refused',
  });
}

/** Where a file ends between two commits depends on their timing: compressed, the same input would not give the same bytes. */
function compressed({ stages }: Plan): readonly string[] {
  const wanted = stages.flatMap(({ sinks }) =>
    sinks.filter(({ options }) => options?.compression !== undefined && options.compression !== 'none'),
  );
  return [...new Set(wanted.map(({ topic = '' }) => topic))];
}

/** Their values are binary, and name a schema that is elsewhere: no lines of a file. */
function refuseRegistryFormats(plan: Plan): void {
  for (const { inputs, sinks } of plan.stages)
    for (const { codec } of [...inputs, ...sinks])
      if (codec?.prepare !== undefined)
        throw new PlanError(
          `${plan.name}: \`format: ${codec.name}\` is for Kafka: files hold no values of a schema registry. Write \`format: json\`, or run without --local`,
          { code: 'registry-on-files' },
        );
}

export interface RunFilesOptions extends LocalRunOptions, Pick<RunOptions, 'signal' | 'observer' | 'timeParser'> {
  /** Own operators, beside the built-in ones. */
  readonly operators?: readonly Operator[];
}

/**
 * Runs a topology over files and gives the totals: `sluice run … --local DIR` for programs.
 * Throws PlanError for a topology that cannot run, BrokerError and StateError as the command does.
 */
export async function run(topology: Topology, options: RunFilesOptions): Promise<RunSummary> {
  const plan = planTopology(topology, {
    operators: operatorRegistry(options.operators),
    formats: createCodec,
    onePartition: true,
  });
  const broker = await openLocal(plan, options);
  try {
    return await runPlan({ ...options, plan, broker, untilEnd: options.follow !== true });
  } finally {
    await broker.close();
  }
}
