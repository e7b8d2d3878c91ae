import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { celFields, celIssue } from '../kernels/cel/issue.ts';
import { celWork, sharedCondition } from '../kernels/cel/shared.ts';

const PORT_NAME = '^[a-z][a-z0-9-]*$';

const config = Type.Object(
  {
    routes: Type.Record(Type.String({ pattern: PORT_NAME }), Type.String({ minLength: 1 }), {
      description: 'Port name to CEL expression over `record`, in order.',
    }),
    to: Type.Union([Type.Literal('first'), Type.Literal('all')], {
      description: 'Whether a record leaves by the first port whose expression is true, or by all of them.',
      default: 'first',
    }),
  },
  { additionalProperties: false },
);
type RouteConfig = Static<typeof config>;

/**
 * Sends records to named ports by conditions; what fits none leaves by `out`.
 *
 * An expression that says nothing (null or missing operand, wrong type) is not true. Cost: one expression a port; no
 * state. Example: `routes: { big: "record.qty > 100" }` on `{qty: 200}` gives port `big`.
 * Source: content-based router, Hohpe & Woolf 2003.
 */
export const route: Operator<RouteConfig> = {
  name: 'route',
  summary: 'Send records to named ports by conditions.',
  config,
  example: { routes: { big: 'record.qty > 100', german: 'record.country == "DE"' }, to: 'first' },
  ports: (c) => [
    { name: 'out', fate: 'pass' },
    ...Object.keys(c.routes).map((name) => ({ name, fate: 'pass' as const })),
  ],
  scope: () => 'none',
  fields: (c) => ({ reads: [...new Set(Object.values(c.routes).flatMap(celFields))] }),
  work: (c) => celWork(Object.values(c.routes)),
  validate(c) {
    const issues: ConfigIssue[] = [];
    const names = Object.keys(c.routes);
    if (names.length === 0)
      issues.push({
        path: ['routes'],
        level: 'error',
        code: 'no-routes',
        message: 'there is no route; add name: expression',
      });
    if (names.includes('out'))
      issues.push({
        path: ['routes', 'out'],
        level: 'error',
        code: 'route-out',
        message: "'out' is the port of records that fit no route; choose another name",
      });
    for (const [name, text] of Object.entries(c.routes)) {
      const issue = celIssue(text, ['routes', name]);
      if (issue !== undefined) issues.push(issue);
    }
    return issues;
  },
  create(c: RouteConfig, { shared }: OperatorDeps): Kernel {
    const conditions = Object.values(c.routes).map((text) => sharedCondition(text, shared));
    const all = c.to === 'all';
    return {
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          const record = records[i]!;
          let sent = false;
          for (let p = 0; p < conditions.length && (all || !sent); p++) {
            if (conditions[p]!.test(record) !== true) continue;
            out.emit(p + 1, record);
            sent = true;
          }
          if (!sent) out.emit(0, record);
        }
      },
    };
  },
};
