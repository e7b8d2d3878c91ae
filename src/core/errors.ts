/** What the caller should do about an error is its class; what happened is its `code`. */
export interface ErrorOptions {
  readonly code: string;
  readonly cause?: unknown;
  readonly retryable?: boolean;
}

abstract class SluiceError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(message: string, options: ErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.retryable = options.retryable ?? false;
    this.name = new.target.name;
  }
}

/** A place in a text file, 1-based. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** The user's file or flag is wrong: say where, what was found, what was expected, how to mend it. Exit code 2. */
export class ConfigError extends SluiceError {
  readonly position: SourcePosition | undefined;

  constructor(message: string, options: ErrorOptions & { readonly position?: SourcePosition }) {
    super(message, options);
    this.position = options.position;
  }
}

/** The topology is well formed but cannot be run as asked. Exit code 2. */
export class PlanError extends ConfigError {}

/** These bytes cannot be decoded, or this value cannot be encoded: the record goes to quarantine. */
export class FormatError extends SluiceError {}

/** The broker or file system failed or refused. `retryable` says whether opening the task again can help. */
export class BrokerError extends SluiceError {}

/** Stored state is missing, damaged, or belongs to something else: never guess, refuse. */
export class StateError extends SluiceError {}

/** A kernel broke its contract: a bug of ours. */
export class OperatorError extends SluiceError {}
