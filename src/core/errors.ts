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

/** One thing wrong, or unwise, in a user's file. `message` says what was found and what was expected, `remedy` how to mend it. */
export interface SourceIssue {
  readonly code: string;
  readonly level: 'error' | 'warn';
  readonly position: SourcePosition;
  readonly message: string;
  readonly remedy: string;
  readonly step?: string;
}

/** The user's file or flag is wrong: say where, what was found, what was expected, how to mend it. Exit code 2. */
export class ConfigError extends SluiceError {
  readonly position: SourcePosition | undefined;
  /** Everything that is wrong with the file, in file order; the message has a line for each. */
  readonly issues: readonly SourceIssue[];

  constructor(
    message: string,
    options: ErrorOptions & { readonly position?: SourcePosition; readonly issues?: readonly SourceIssue[] },
  ) {
    super(message, options);
    this.issues = options.issues ?? [];
    this.position = options.position ?? this.issues[0]?.position;
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

/** The data was so bad that the run was asked to stop. Exit code 3. */
export class QualityStop extends SluiceError {
  /** Where the task is to commit before it stops; undefined once it has. */
  readonly position: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly position?: number }) {
    super(message, options);
    this.position = options.position;
  }
}

/** A service beside the broker (a schema registry) does not answer, however often it was asked: wait and ask again. Nothing is lost meanwhile. */
export class OutageError extends SluiceError {
  /** What does not answer, as metrics name it: `schema-registry`. */
  readonly service: string;

  constructor(message: string, options: ErrorOptions & { readonly service: string }) {
    super(message, { ...options, retryable: true });
    this.service = options.service;
  }
}

/** What was thrown, in words; anything can be. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
