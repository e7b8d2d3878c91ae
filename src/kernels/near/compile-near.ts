import type { OperatorDeps } from '../../core/operator.ts';
import { parseCount, parseDuration } from '../../core/units.ts';
import type { FieldComparison } from './field-comparisons.ts';
import type { NearAction, NearOptions, NearWindow } from './near-options.ts';
import type { ComparisonConfig, KeyConfig, NearConfig } from './near-schema.ts';
import { DEFAULT_BLOCK_CAP, PRESETS } from './near-settings.ts';

/** A changed cluster waits a minute of stream time for more records unless it is told otherwise. */
const DEFAULT_GRACE = '1m';

/** The settings of the kernel. */
export function compileNear(config: NearConfig, deps: OperatorDeps): NearOptions {
  const { features, codes = false } = PRESETS[config.kind];
  const { link } = config;
  const oneToOne = isOneToOne(config);
  return {
    fields: config.fields.map((field) => deps.field(field)),
    keys: (config.keys ?? []).map((key) => ({
      fields: fieldsOf(key).map((field) => deps.field(field)),
      first: (typeof key === 'object' ? key.first : undefined) ?? Number.POSITIVE_INFINITY,
    })),
    compare: (config.compare ?? []).map((comparison) => toComparison(comparison, deps)),
    features,
    codes: codes && !oneToOne,
    ...likenesses(config),
    action: toAction(config, deps),
    into: config.into === undefined ? undefined : deps.field(config.into),
    source: link === undefined ? undefined : deps.field(link.source),
    oneToOne,
    window: toWindow(config.window ?? 'all'),
    blockCap: config.blockCap ?? DEFAULT_BLOCK_CAP,
  };
}

export function isOneToOne({ link }: NearConfig): boolean {
  return link !== undefined && (link.oneToOne ?? true);
}

export function likenesses(config: NearConfig): Pick<NearOptions, 'threshold' | 'related' | 'dropFrom'> {
  const preset = PRESETS[config.kind];
  const oneToOne = isOneToOne(config);
  const threshold = config.threshold ?? (oneToOne ? preset.linkThreshold : preset.threshold);
  const isOwn = config.threshold !== undefined || oneToOne;
  const related = config.related ?? (isOwn || config.action === 'merge' ? undefined : preset.related);
  const dropFrom = config.dropFrom ?? (isOwn ? threshold : preset.dropFrom);
  return {
    threshold,
    related: related === 'off' ? undefined : related,
    dropFrom: config.action === 'drop' ? dropFrom : Number.POSITIVE_INFINITY,
  };
}

function toAction({ action = 'flag', survivorship, grace, link }: NearConfig, deps: OperatorDeps): NearAction {
  if (action !== 'merge') return { kind: action };
  const { default: fallback = 'most-complete', fields = {}, sources = [] } = survivorship ?? {};
  const source = survivorship?.source ?? link?.source;
  return {
    kind: action,
    graceMs: parseDuration(grace ?? DEFAULT_GRACE) ?? 0,
    rules: {
      fallback,
      fields: new Map(Object.entries(fields)),
      source: source === undefined ? undefined : deps.field(source),
      places: new Map(sources.map((name, place) => [String(name), place])),
    },
  };
}

export function fieldsOf(key: KeyConfig): readonly string[] {
  return typeof key === 'object' ? key.fields : [key];
}

function toComparison({ field, by, within = 0, weight = 1 }: ComparisonConfig, deps: OperatorDeps): FieldComparison {
  const most = typeof within === 'string' ? (parseDuration(within) ?? 0) : within;
  return { slot: deps.field(field), by, within: most, weight };
}

function toWindow(window: NearConfig['window']): NearWindow {
  if (window === 'all') return { kind: 'all' };
  if (typeof window === 'object') return { kind: 'records', records: parseCount(window.records) ?? 1 };
  return { kind: 'time', ms: parseDuration(window) ?? 0 };
}
