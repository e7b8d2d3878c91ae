import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { COUNT_PATTERN, DURATION_PATTERN, parseCount, parseDuration } from '../core/units.ts';
import { BYTES_PER_KEY } from '../kernels/dedup/dedup-state.ts';
import type { DedupWindow } from '../kernels/dedup/stamps.ts';
import { DedupQueriesKernel } from '../kernels/query/dedup-queries-kernel.ts';
import { type Catalog, DEFAULT_MEMO_ENTRIES, parseCatalog, QueryKeys, SqlParser } from '../kernels/query/index.ts';

const Field = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));
const Count = (description: string, value?: number) =>
  Type.Union([Type.Integer({ minimum: 1 }), Type.String({ pattern: COUNT_PATTERN })], {
    description,
    ...(value === undefined ? {} : { default: value }),
  });

const Config = Type.Object(
  {
    query: Type.String({ minLength: 1, description: 'Field that holds the text of the query.' }),
    dialect: Type.Union([Type.Literal('postgres'), Type.Literal('json'), Type.Literal('other')], {
      description: '`postgres` is recognized by meaning, `json` bodies by RFC 8785, anything else by its text.',
      default: 'postgres',
    }),
    level: Type.Union([Type.Literal('text'), Type.Literal('syntax'), Type.Literal('algebra'), Type.Literal('schema')], {
      description:
        'How much is recognized: the same text; comments, white space and case; safe rewrites (aliases, order of AND, OR, IN and inner joins, …); with a `catalog` also unqualified columns.',
      default: 'algebra',
    }),
    catalog: Type.Optional(
      Type.String({
        description: 'JSON file `{ table: [columns] }` for level `schema`, below the folder of the topology.',
      }),
    ),
    tenant: Field('Field of the tenant: queries of two tenants are never one.'),
    role: Field('Field of the database role.'),
    searchPath: Field('Field of the search path.'),
    settings: Field('Field of the session settings that change results (time zone, collation, …).'),
    params: Field('Field of the bound parameters; compared with their types.'),
    version: Field('Field of a snapshot or version of the data.'),
    shareable: Type.Array(Type.String(), {
      description:
        'Own functions that depend on their arguments and the snapshot alone. Other unknown functions are bypassed.',
      default: [],
    }),
    versions: Type.Optional(
      Type.Object(
        {
          input: Type.String({ description: 'Name of the input whose records say that a table changed.' }),
          table: Type.String({ description: 'Field of such a record that names the table, as queries do.' }),
        },
        { additionalProperties: false, description: 'A changed table makes later queries of it new ones.' },
      ),
    ),
    window: Type.Union(
      [
        Type.String({ pattern: DURATION_PATTERN }),
        Type.Object({ records: Count('Number of records.') }, { additionalProperties: false }),
        Type.Literal('all'),
      ],
      {
        description: 'How long a query is remembered: a duration of stream time, a number of records, or `all`.',
        default: '5m',
      },
    ),
    memo: Count('Distinct texts whose key is remembered.', DEFAULT_MEMO_ENTRIES),
    maxKeys: Type.Optional(
      Count('Most queries remembered; the oldest are forgotten with an alarm. Default: what the state limit holds.'),
    ),
  },
  { additionalProperties: false },
);

type DedupQueriesConfig = Static<typeof Config>;

const CONTEXT = ['tenant', 'role', 'searchPath', 'settings', 'params', 'version'] as const;

/** Repeated queries: recognizes the same question in other letters, and never takes two for one that may answer differently. */
export const dedupQueries: Operator<DedupQueriesConfig> = {
  name: 'dedup-queries',
  summary:
    'Recognizes repeated queries, also in other words, and sends what need not be executed again to a port of its own.',
  config: Config,
  example: { query: 'sql', dialect: 'postgres', tenant: 'tenant', level: 'algebra', window: 'all' },
  ports: () => [
    { name: 'out', fate: 'pass' },
    { name: 'duplicates', fate: 'duplicate' },
    { name: 'bypass', fate: 'pass' },
    { name: 'rejected', fate: 'quarantined' },
  ],
  // equal queries share their tenant; without one they may stand in any partition
  scope: (config) => (config.tenant === undefined ? 'partition' : 'key'),
  keys: (config) => (config.tenant === undefined ? [] : [config.tenant]),
  fields: (config) => ({
    reads: [config.query, ...CONTEXT.map((name) => config[name]).filter((field) => field !== undefined)],
    writes: ['duplicateOf', 'recognizedBy', 'reason'],
  }),
  validate,
  needsClock: ({ window = '5m' }) => (typeof window === 'string' && window !== 'all' ? ['window'] : undefined),
  async create(config, deps): Promise<Kernel> {
    const keys = new QueryKeys({
      dialect: config.dialect,
      level: config.level,
      decodedNumbers: true,
      memoEntries: parseCount(config.memo) ?? DEFAULT_MEMO_ENTRIES,
      shareableFunctions: new Set(config.shareable),
      ...(config.dialect === 'postgres' ? { parser: await SqlParser.load() } : {}),
      ...(config.catalog === undefined ? {} : { catalog: await readCatalog(config.catalog, deps) }),
    });
    const context = Object.fromEntries(
      CONTEXT.flatMap((name) => (config[name] === undefined ? [] : [[name, deps.field(config[name])]])),
    );
    const held = Math.max(1, Math.floor(deps.limits.maxStateBytes / BYTES_PER_KEY));
    return new DedupQueriesKernel(
      {
        slots: { query: deps.field(config.query), context },
        keys,
        window: toWindow(config.window),
        maxKeys: config.maxKeys === undefined ? held : Math.min(held, parseCount(config.maxKeys) ?? held),
        ...(config.versions === undefined
          ? {}
          : { versions: { input: config.versions.input, table: deps.field(config.versions.table) } }),
      },
      deps,
    );
  },
};

function validate(config: DedupQueriesConfig): readonly ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (config.level === 'schema' && config.catalog === undefined)
    issues.push({
      path: ['level'],
      code: 'query-no-catalog',
      message: 'level `schema` needs `catalog: <file>` with the columns of the tables',
      level: 'error',
    });
  if (config.dialect === 'postgres' && config.tenant === undefined)
    issues.push({
      path: ['query'],
      code: 'query-no-tenant',
      message: 'without `tenant` queries of all callers count as one: right only when all see the same rows',
      level: 'warn',
    });
  return issues;
}

async function readCatalog(path: string, deps: OperatorDeps): Promise<Catalog> {
  return parseCatalog(new TextDecoder().decode(await deps.readFile(path)), path);
}

function toWindow(window: DedupQueriesConfig['window']): DedupWindow {
  if (window === 'all') return { kind: 'all' };
  if (typeof window === 'object') return { kind: 'records', records: parseCount(window.records) ?? 1 };
  return { kind: 'time', seconds: Math.ceil((parseDuration(window) ?? 0) / 1000) };
}
