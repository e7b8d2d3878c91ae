/** One line of the log: a stable code, a sentence, and fields. Never the content of a record: topic, partition, offset instead. */
export type LogLine = (code: string, message: string, fields?: Readonly<Record<string, unknown>>) => void;

export interface Log {
  readonly error: LogLine;
  readonly warn: LogLine;
  readonly info: LogLine;
  readonly debug: LogLine;
}

const nothing: LogLine = () => {};

export const silentLog: Log = { error: nothing, warn: nothing, info: nothing, debug: nothing };
