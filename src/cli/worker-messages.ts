import { ConfigError, messageOf, QualityStop } from '../core/errors.ts';
import type { RunObserver } from '../core/observer.ts';
import type { TransportObserver } from '../core/transport.ts';
import type { LogOptions } from '../telemetry/log.ts';
import type { MemberFlags } from './run-member.ts';

/** What a worker is given. */
export interface WorkerTask {
  readonly path: string;
  /** The file as the parent has read it; a module is imported by each thread. */
  readonly text?: string;
  readonly flags: MemberFlags;
  readonly logLevel: LogOptions['level'];
  readonly wantsSamples: boolean;
}

type ObserverCall = Exclude<keyof RunObserver, 'wantsSamples'>;

/** What a worker tells: the calls of its observers, and how it failed. */
export type Told =
  | { readonly kind: 'run'; readonly call: ObserverCall; readonly values: readonly unknown[] }
  | { readonly kind: 'transport'; readonly call: keyof TransportObserver; readonly values: readonly unknown[] }
  | { readonly kind: 'suppressed'; readonly code: string; readonly lines: number }
  | { readonly kind: 'failed'; readonly error: Failure };

/** An error as it crosses threads. */
interface Failure {
  readonly kind: 'config' | 'quality' | 'other';
  readonly message: string;
  readonly code: string | undefined;
}

export function failureOf(error: unknown): Failure {
  const kind = error instanceof ConfigError ? 'config' : error instanceof QualityStop ? 'quality' : 'other';
  const { code } = error as { readonly code?: unknown };
  return {
    kind,
    message: messageOf(error),
    code: typeof code === 'string' ? code : undefined,
  };
}

/** The error again, so that the process ends with the same exit code as without workers. */
export function errorOf({ kind, message, code = 'worker-failed' }: Failure): Error {
  if (kind === 'config') return new ConfigError(message, { code });
  if (kind === 'quality') return new QualityStop(message, { code });
  return Object.assign(new Error(message), { code });
}

const RUN_CALLS: readonly ObserverCall[] = [
  'taskState',
  'taskProgress',
  'outage',
  'batch',
  'commit',
  'commitFailed',
  'replayed',
  'taskLeft',
  'taskFailed',
];
const TRANSPORT_CALLS: readonly (keyof TransportObserver)[] = [
  'committed',
  'commitFailed',
  'restoring',
  'restored',
  'fetched',
  'sent',
  'logEnds',
  'rebalanced',
  'conflict',
  'clientError',
  'trimFailed',
  'stubbed',
  'markRefused',
];

type Call = (...values: unknown[]) => void;

/** Observers that tell another thread. */
export function tellingObservers(
  tell: (told: Told) => void,
  wantsSamples: boolean,
): { readonly run: RunObserver; readonly transport: TransportObserver } {
  const plain = (value: unknown) => (value instanceof Error ? failureOf(value) : value);
  const run = RUN_CALLS.map((call): [string, Call] => [
    call,
    (...values) => tell({ kind: 'run', call, values: values.map(plain) }),
  ]);
  const transport = TRANSPORT_CALLS.map((call): [string, Call] => [
    call,
    (...values) => tell({ kind: 'transport', call, values }),
  ]);
  return {
    run: { wantsSamples, ...Object.fromEntries(run) },
    transport: Object.fromEntries(transport) as unknown as TransportObserver, // every call of it is in the list
  };
}

/** Makes the calls that another thread told of. */
export function retell(told: Told, to: { readonly run: RunObserver; readonly transport: TransportObserver }): void {
  if (told.kind === 'run') {
    const values = told.call === 'taskFailed' ? told.values.with(1, errorOf(told.values[1] as Failure)) : told.values;
    (to.run[told.call] as Call | undefined)?.(...values); // as the worker called it
  } else if (told.kind === 'transport') {
    (to.transport[told.call] as Call)(...told.values); // as the worker called it
  }
}
