import type { ConfigIssue } from '../../core/operator.ts';
import { isOneToOne, likenesses } from './compile-near.ts';
import type { ComparisonConfig, NearConfig } from './near-schema.ts';

/** What the schema cannot say. */
export function nearIssues(config: NearConfig): readonly ConfigIssue[] {
  const { into, fields } = config;
  const issues: ConfigIssue[] = [];
  if (into !== undefined && fields.includes(into))
    issues.push({
      path: ['into'],
      level: 'error',
      code: 'near-into',
      message: `\`${into}\` is compared and written: name another field for the cluster`,
    });
  for (const [i, comparison] of (config.compare ?? []).entries()) {
    const message = withinIssue(comparison);
    if (message !== undefined) issues.push({ path: ['compare', i], level: 'error', code: 'near-within', message });
  }
  return [...issues, ...likenessIssues(config), ...mergeIssues(config)];
}

function withinIssue({ by, within }: ComparisonConfig): string | undefined {
  if (by === 'number' && typeof within === 'number') return undefined;
  if (by === 'date' && typeof within === 'string') return undefined;
  if (by === 'number')
    return '`by: number` needs `within`, a number: how far two numbers may be apart to be half alike';
  if (by === 'date') return '`by: date` needs `within`, as in `30d`: how far two dates may be apart to be half alike';
  return within === undefined ? undefined : `\`within\` is for numbers and dates, not \`by: ${by}\``;
}

function likenessIssues(config: NearConfig): readonly ConfigIssue[] {
  const { action, related } = config;
  const { threshold } = likenesses(config);
  const issues: ConfigIssue[] = [];
  const say = (path: string, message: string): void => {
    issues.push({ path: [path], level: 'error', code: `near-${path}`, message });
  };
  if (config.dropFrom !== undefined && action !== 'drop') say('dropFrom', '`dropFrom` is for `action: drop`');
  if (typeof related === 'number' && related >= threshold)
    say('related', `\`related\` is for what is below the threshold of ${threshold}`);
  if (typeof related === 'number' && (action === 'merge' || isOneToOne(config)))
    say('related', '`related` is not said of what is merged, nor of partners');
  return issues;
}

function mergeIssues({ action, survivorship, grace, link }: NearConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const say = (path: string, code: string, message: string): void => {
    issues.push({ path: [path], level: 'error', code, message });
  };
  if (action !== 'merge') {
    if (survivorship !== undefined) say('survivorship', 'near-merge', '`survivorship` is for `action: merge`');
    if (grace !== undefined) say('grace', 'near-merge', '`grace` is for `action: merge`');
    return issues;
  }
  if (link !== undefined && link.oneToOne !== false)
    say(
      'link',
      'near-merge-link',
      'a partner may be lost to a better one, but what was merged stays so: say `oneToOne: false`, or flag',
    );
  const { fields = {}, sources = [] } = survivorship ?? {};
  const rules = [survivorship?.default, ...Object.values(fields)];
  if (
    rules.includes('source-priority') &&
    (sources.length === 0 || (survivorship?.source ?? link?.source) === undefined)
  )
    say(
      'survivorship',
      'near-no-sources',
      '`source-priority` needs `source`, the field that names it, and `sources`, the best first',
    );
  return issues;
}
