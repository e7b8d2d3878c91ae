import { type Static, Type } from '@sinclair/typebox';
import type { ConfigIssue, Kernel, Operator, OperatorDeps } from '../core/operator.ts';
import { DURATION_PATTERN, parseDuration } from '../core/units.ts';
import { VoteKernel } from '../kernels/vote/vote-kernel.ts';
import { DEFAULT_SETTINGS, type VoteSettings } from '../kernels/vote/vote-settings.ts';

/** Room an open item may take of the state limit of the topology. */
const BYTES_PER_ITEM = 1024;

const Ratio = Type.Number({ minimum: 0, maximum: 1 });
const Field = Type.String({ minLength: 1 });
const Count = (description: string, value: number) => Type.Integer({ minimum: 0, description, default: value });

const Config = Type.Object(
  {
    item: Type.String({ minLength: 1, description: 'Field that names what is voted on.', default: 'item' }),
    voter: Type.String({ minLength: 1, description: 'Field that names who votes.', default: 'voter' }),
    label: Type.String({
      minLength: 1,
      description: 'Field with the vote: a text, number or boolean.',
      default: 'label',
    }),
    weight: Type.Optional(Type.String({ minLength: 1, description: 'Field with the weight of the vote, 0 to 1000.' })),
    gold: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Field with the true label where it is known: it pins the item and calibrates the confidence.',
      }),
    ),
    feedback: Type.Optional(
      Type.Object(
        { input: Field, label: Type.String({ minLength: 1, default: 'label' }) },
        { additionalProperties: false, description: 'Records of this input are verdicts of people: they pin items.' },
      ),
    ),
    method: Type.Union(
      [
        Type.Literal('majority'),
        Type.Literal('weighted'),
        Type.Literal('dawid-skene'),
        Type.Literal('hds'),
        Type.Literal('one-coin'),
      ],
      {
        description:
          'majority: plurality. weighted: by agreement with the majority. dawid-skene: a confusion matrix a voter. hds: the same, drawn to what all voters do. one-coin: one accuracy a voter, for open sets of labels.',
        default: 'hds',
      },
    ),
    close: Type.Object(
      {
        minVotes: Type.Union([Type.Integer({ minimum: 1 }), Type.Literal('all')], {
          description: 'Votes needed beside `confidence`; `all`: only the other rules close an item.',
          default: 3,
        }),
        confidence: Type.Number({
          minimum: 0,
          maximum: 1,
          description: 'Confidence needed beside `minVotes`.',
          default: 0.95,
        }),
        maxVotes: Type.Optional(Type.Integer({ minimum: 1, description: 'This many votes close an item.' })),
        after: Type.Optional(
          Type.String({ pattern: DURATION_PATTERN, description: 'Stream time after the first vote.' }),
        ),
        idle: Type.Optional(
          Type.String({ pattern: DURATION_PATTERN, description: 'Stream time after the last vote.' }),
        ),
      },
      { additionalProperties: false, default: {}, description: 'What closes an item; the end of a file closes all.' },
    ),
    buffer: Count('Closed items that late votes and sweeps may still revise.', DEFAULT_SETTINGS.bufferItems),
    sweepEvery: Count('Closes between two sweeps over the buffer; 0: none.', DEFAULT_SETTINGS.sweepEvery),
    warmUp: Count('Items held before the first consensus, to learn the voters from.', DEFAULT_SETTINGS.warmUpItems),
    temperature: Type.Number({
      exclusiveMinimum: 0,
      description: 'Reported confidence ∝ posterior^(1/temperature); 30 gold items or more replace it.',
      default: DEFAULT_SETTINGS.temperature,
    }),
    halfLife: Count('Votes after which half of what is known of a voter is forgotten; 0: nothing is.', 0),
    exclude: Type.Optional(
      Type.Object(
        { below: Ratio },
        {
          additionalProperties: false,
          description: 'Voters whose accuracy is below this with 95 % certainty (20 votes or more) no longer count.',
        },
      ),
    ),
    requests: Type.Optional(
      Type.Object(
        {
          budget: Type.Number({ minimum: 0, maximum: 1, description: 'Requests a vote taken.', default: 0.2 }),
          every: Type.Integer({ minimum: 1, description: 'Votes between two rounds of requests.', default: 1000 }),
          below: Type.Number({ minimum: 0, maximum: 1, description: 'Ask only below this confidence.', default: 0.95 }),
        },
        {
          additionalProperties: false,
          description: 'Ask for more votes on port `label-requests`, the least certain items first. Off when left out.',
        },
      ),
    ),
    reportEvery: Count(
      'Closes between two rounds of `voter.report` events; 0: at the end alone.',
      DEFAULT_SETTINGS.reportEvery,
    ),
    maxOpen: Type.Integer({
      minimum: 1,
      description: 'Open items at most; beyond, the one opened first closes.',
      default: DEFAULT_SETTINGS.maxOpen,
    }),
    maxVoters: Type.Integer({
      minimum: 1,
      description: 'Voters remembered at most; beyond, the longest silent are forgotten.',
      default: DEFAULT_SETTINGS.maxVoters,
    }),
    maxLabels: Type.Integer({
      minimum: 2,
      maximum: 1000,
      description: 'Labels at most for hds and dawid-skene; votes for more are rejected.',
      default: DEFAULT_SETTINGS.maxLabels,
    }),
    remember: Count(
      'Items whose names outlive the buffer, so that a vote for them is late.',
      DEFAULT_SETTINGS.rememberItems,
    ),
  },
  { additionalProperties: false },
);

export type VoteConfig = Static<typeof Config>;

/**
 * Many votes on an item become one consensus record:
 * `{item, label, confidence, share, votes, method, revision, closedBy, tie}`, on port `out`, ties on `undecided`.
 * Votes are `merged`. A label that changes while its item is buffered gives the record again with the next revision.
 */
export const vote: Operator<VoteConfig> = {
  name: 'vote',
  summary: 'Turns the votes on an item into one label with a confidence, and learns who is to be trusted.',
  config: Config,
  example: { item: 'item', voter: 'voter', label: 'label', close: { minVotes: 3, confidence: 0.95 } },
  ports: () => [
    { name: 'out', fate: 'derived' },
    { name: 'undecided', fate: 'derived' },
    { name: 'label-requests', fate: 'derived' },
    { name: 'late', fate: 'late' },
    { name: 'rejected', fate: 'quarantined' },
  ],
  scope: (config) => (config.method === 'majority' ? 'key' : 'partition'),
  keys: (config) => [config.item ?? 'item'],
  needsClock: ({ close }) =>
    close?.after !== undefined ? ['close', 'after'] : close?.idle !== undefined ? ['close', 'idle'] : undefined,
  fields: (config) => ({
    reads: [config.item ?? 'item', config.voter ?? 'voter', config.label ?? 'label', config.weight, config.gold].filter(
      (field) => field !== undefined,
    ),
  }),
  validate,
  create: (config, deps): Kernel => new VoteKernel(toSettings(config, deps), toFields(config, deps), deps),
};

function validate(config: VoteConfig): readonly ConfigIssue[] {
  const { minVotes, maxVotes } = config.close ?? {};
  if (typeof minVotes !== 'number' || maxVotes === undefined || minVotes <= maxVotes) return [];
  return [
    {
      path: ['close', 'minVotes'],
      code: 'vote-min-above-max',
      message: `\`minVotes: ${minVotes}\` is never reached: \`maxVotes: ${maxVotes}\` closes the item before`,
      level: 'warn',
    },
  ];
}

function toFields(config: VoteConfig, deps: OperatorDeps): ConstructorParameters<typeof VoteKernel>[1] {
  const optional = (field: string | undefined) => (field === undefined ? undefined : deps.field(field));
  return {
    item: deps.field(config.item ?? 'item'),
    voter: deps.field(config.voter ?? 'voter'),
    label: deps.field(config.label ?? 'label'),
    weight: optional(config.weight),
    gold: optional(config.gold),
    feedback:
      config.feedback === undefined
        ? undefined
        : { input: config.feedback.input, label: deps.field(config.feedback.label ?? 'label') },
  };
}

function toSettings(config: VoteConfig, { limits }: OperatorDeps): VoteSettings {
  const defaults = DEFAULT_SETTINGS;
  const close = config.close ?? {};
  return {
    ...defaults,
    method: config.method ?? defaults.method,
    close: {
      minVotes: close.minVotes ?? defaults.close.minVotes,
      confidence: close.confidence ?? defaults.close.confidence,
      ...(close.maxVotes === undefined ? {} : { maxVotes: close.maxVotes }),
      ...(close.after === undefined ? {} : { afterMs: parseDuration(close.after)! }),
      ...(close.idle === undefined ? {} : { idleMs: parseDuration(close.idle)! }),
    },
    bufferItems: config.buffer ?? defaults.bufferItems,
    sweepEvery: config.sweepEvery ?? defaults.sweepEvery,
    warmUpItems: config.warmUp ?? defaults.warmUpItems,
    temperature: config.temperature ?? defaults.temperature,
    halfLifeVotes: config.halfLife ?? 0,
    excludeBelow: config.exclude?.below ?? 0,
    reportEvery: config.reportEvery ?? defaults.reportEvery,
    maxOpen: Math.min(
      config.maxOpen ?? defaults.maxOpen,
      Math.max(1, Math.floor(limits.maxStateBytes / BYTES_PER_ITEM)),
    ),
    maxVoters: config.maxVoters ?? defaults.maxVoters,
    maxModelBytes: Math.min(defaults.maxModelBytes, limits.maxStateBytes / 4),
    maxLabels: config.maxLabels ?? defaults.maxLabels,
    rememberItems: config.remember ?? defaults.rememberItems,
    ...(config.requests === undefined
      ? {}
      : {
          requests: {
            budget: config.requests.budget ?? 0.2,
            windowVotes: config.requests.every ?? 1000,
            below: config.requests.below ?? 0.95,
          },
        }),
  };
}
