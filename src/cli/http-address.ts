import { ConfigError } from '../core/errors.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Value of `--http`. Undefined without `--http`. Throws ConfigError for anything but HOST:PORT. */
export function httpAddress(flag: string | true | undefined): Address | undefined {
  if (flag === undefined) return undefined;
  const text = flag === true ? '127.0.0.1:9464' : flag;
  const match = /^(?:\[?([^\]]+)\]?:)?(\d{1,5})$/.exec(text);
  if (match === null) {
    throw new ConfigError(`--http ${text}: expected HOST:PORT, as in 127.0.0.1:9464 (port 0 picks one)`, {
      code: 'http-flag',
    });
  }
  return { host: match[1] ?? '127.0.0.1', port: Number(match[2]) };
}
