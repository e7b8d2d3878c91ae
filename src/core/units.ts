/** Units as a topology writes them: `30s`, `1h30m`, `10MiB`, `1M`. Each gives undefined for text it cannot read. */

const DURATION_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const SIZE: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

const COUNT: Readonly<Record<string, number>> = { '': 1, k: 1e3, K: 1e3, M: 1e6, G: 1e9 };

/** JSON Schema pattern of a duration. */
export const DURATION_PATTERN = '^([0-9]+(\\.[0-9]+)?(ms|s|min|m|h|d|w))+$';

/** Milliseconds of `30s`, `1h30m`, `1.5d`; parts add up. */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(DURATION_PATTERN).test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|s|min|m|h|d|w)/g))
    ms += Number(amount) * DURATION_MS[unit!]!;
  return Number.isFinite(ms) ? ms : undefined;
}

/** Bytes of `10MiB`, `1.5GB`, `512B` or a plain number. */
export function parseSize(text: string | number): number | undefined {
  return scaled(text, /^([0-9]+(?:\.[0-9]+)?)\s?([A-Za-z]*)$/, SIZE, 'B');
}

/** A count of `1M`, `20k` or a plain number. */
export function parseCount(text: string | number): number | undefined {
  return scaled(text, /^([0-9]+(?:\.[0-9]+)?)([kKMG]?)$/, COUNT, '');
}

function scaled(
  text: string | number,
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
  plain: string,
): number | undefined {
  if (typeof text === 'number') return Number.isSafeInteger(text) && text >= 0 ? text : undefined;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const unit = match[2] === '' ? plain : match[2]!;
  if (!Object.hasOwn(units, unit)) return undefined;
  const value = Math.round(Number(match[1]) * units[unit]!);
  return Number.isSafeInteger(value) ? value : undefined;
}
