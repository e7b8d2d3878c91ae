import type { Problem, View } from './view.ts';

/** From this share of failures on, a rule is named among what is wrong now. */
const RULE_RATIO = 0.05;
const CHECKPOINT_AGE_SECONDS = 60;
const MAX_RULES_NAMED = 5;

/** What is wrong now, in words, and the page that shows it. */
export function problemsOf(view: Omit<View, 'problems'>, failedCommits: number): Record<string, Problem> {
  const problems: Record<string, Problem> = {};
  const since = view.at;
  for (const [key, { type, step, state, data, time }] of Object.entries(view.alarms)) {
    if (state !== 'open') continue;
    const field = typeof data.field === 'string' ? ` of ${data.field}` : '';
    const text = type === 'breaker.opened' ? `the breaker is open (${step})` : `${type}${field} (${step})`;
    problems[`alarm/${key}`] = {
      severity: type === 'window.failed' ? 'warning' : 'critical',
      text,
      since: time === null ? since : Date.parse(time),
      page: 'drift',
    };
  }
  const bad = Object.values(view.rules)
    .filter((rule) => rule.severity === 'error' && rule.ratio >= RULE_RATIO && rule.spark.at(-1) !== 0)
    .sort((a, b) => b.ratio - a.ratio)
    .slice(0, MAX_RULES_NAMED);
  for (const { step, rule, ratio } of bad)
    problems[`rule/${step}/${rule}`] = {
      severity: 'warning',
      text: `${rule} fails for ${(ratio * 100).toFixed(1)} % of records`,
      since,
      page: 'rules',
    };
  for (const { task, restarts, lastError, state, checkpointAgeSeconds } of Object.values(view.tasks)) {
    if (restarts > 0 && state !== 'running')
      problems[`task/${task}`] = {
        severity: 'critical',
        text: `${task} is ${state} after ${restarts} restarts: ${lastError ?? ''}`,
        since,
        page: 'tasks',
      };
    if (state === 'running' && (checkpointAgeSeconds ?? 0) > CHECKPOINT_AGE_SECONDS)
      problems[`checkpoint/${task}`] = {
        severity: 'warning',
        text: `the checkpoint of ${task} is ${checkpointAgeSeconds} s old`,
        since,
        page: 'tasks',
      };
  }
  if (failedCommits > 0)
    problems.commits = { severity: 'critical', text: `${failedCommits} commits failed`, since, page: 'tasks' };
  return problems;
}
