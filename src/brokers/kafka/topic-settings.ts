import type { TopicSpec } from '../../core/broker.ts';
import { formatDuration } from '../../core/units.ts';

export type TopicConfig = Readonly<Record<string, string>>;

/** Settings the checks look at; asked for together, since an answer has hundreds otherwise. */
export const SETTINGS_READ = [
  'cleanup.policy',
  'retention.ms',
  'retention.bytes',
  'min.compaction.lag.ms',
  'max.message.bytes',
];

const SEGMENT_BYTES = 64 * 1024 * 1024;
/** A record leaves with headers of ours that it did not come with. */
const HEADER_ROOM_BYTES = 64 * 1024;
/** Shorter retention than this many checkpoint intervals could delete what a restart must read again. */
const CHECKPOINTS_KEPT = 10;
/** Chunks of state, with room to spare. */
const INTERNAL_MESSAGE_BYTES = 4 * 1024 * 1024;

/** What a topic of ours is made with. State is compacted and trimmed; what lies between two stages only trimmed. */
export function settingsOf({ role }: TopicSpec, inputMessageBytes: number): TopicConfig {
  const roomy = String(Math.max(INTERNAL_MESSAGE_BYTES, inputMessageBytes + HEADER_ROOM_BYTES));
  switch (role) {
    case 'state':
      return {
        'cleanup.policy': 'compact,delete',
        'retention.ms': '-1',
        'retention.bytes': '-1',
        'segment.bytes': String(SEGMENT_BYTES),
        'max.message.bytes': roomy,
      };
    case 'repartition':
      return {
        'cleanup.policy': 'delete',
        'retention.ms': '-1',
        'retention.bytes': '-1',
        'segment.bytes': String(SEGMENT_BYTES),
        'max.message.bytes': roomy,
      };
    case 'input':
      return {};
    default:
      return inputMessageBytes + HEADER_ROOM_BYTES > DEFAULT_MESSAGE_BYTES
        ? { 'max.message.bytes': String(inputMessageBytes + HEADER_ROOM_BYTES) }
        : { 'max.message.bytes': String(DEFAULT_MESSAGE_BYTES + HEADER_ROOM_BYTES) };
  }
}

/** `message.max.bytes` of a broker nobody has configured. */
const DEFAULT_MESSAGE_BYTES = 1_048_588;

export interface Wrong {
  readonly problem: string;
  /** Settings that mend it. */
  readonly fix: TopicConfig;
}

/** What is wrong with the settings of a topic in this role; undefined when nothing is. */
export function wrongSetting(
  { role }: TopicSpec,
  found: TopicConfig,
  limits: { readonly checkpointEveryMs: number; readonly inputMessageBytes: number },
): Wrong | undefined {
  if (role === 'input') return wrongInput(found, limits.checkpointEveryMs);
  if (role === 'state' || role === 'repartition') return wrongInternal(role, found);
  const needed = limits.inputMessageBytes + HEADER_ROOM_BYTES;
  const allowed = Number(found['max.message.bytes']);
  if (allowed >= needed) return undefined;
  return {
    problem: `max.message.bytes is ${allowed}, less than that of the input and ${HEADER_ROOM_BYTES} for headers: the largest records would not fit`,
    fix: { 'max.message.bytes': String(needed) },
  };
}

function wrongInput(found: TopicConfig, checkpointEveryMs: number): Wrong | undefined {
  const kept = CHECKPOINTS_KEPT * checkpointEveryMs;
  const policy = found['cleanup.policy'] ?? '';
  const retentionMs = Number(found['retention.ms']);
  if (policy.includes('delete') && retentionMs >= 0 && retentionMs < kept)
    return {
      problem: `retention.ms is ${retentionMs}, less than ${CHECKPOINTS_KEPT} checkpoint intervals (${formatDuration(kept)}): what a restart must read again could be gone`,
      fix: { 'retention.ms': String(kept) },
    };
  const lagMs = Number(found['min.compaction.lag.ms']);
  if (policy.includes('compact') && lagMs < kept)
    return {
      problem: `it is compacted and min.compaction.lag.ms is ${lagMs}, less than ${CHECKPOINTS_KEPT} checkpoint intervals (${formatDuration(kept)}): what a restart must read again could be gone`,
      fix: { 'min.compaction.lag.ms': String(kept) },
    };
  return undefined;
}

function wrongInternal(role: 'state' | 'repartition', found: TopicConfig): Wrong | undefined {
  const policies = (found['cleanup.policy'] ?? '').split(',').map((word) => word.trim());
  const fits = role === 'state' ? policies.includes('compact') : !policies.includes('compact');
  if (!fits) {
    const wanted = role === 'state' ? 'compact,delete' : 'delete';
    return {
      problem: `cleanup.policy is ${found['cleanup.policy']}; a ${role} topic needs ${wanted}`,
      fix: { 'cleanup.policy': wanted },
    };
  }
  for (const name of ['retention.ms', 'retention.bytes'] as const) {
    if (policies.includes('delete') && found[name] !== '-1')
      return {
        problem: `${name} is ${found[name]}; a ${role} topic is trimmed by the engine and must not lose anything by itself`,
        fix: { [name]: '-1' },
      };
  }
  return undefined;
}

/** The command that mends it, for people with Kafka's own tools. */
export function alterCommand(topic: string, fix: TopicConfig): string {
  const settings = Object.entries(fix).map(([name, value]) =>
    value.includes(',') ? `${name}=[${value}]` : `${name}=${value}`,
  );
  return `kafka-configs.sh --bootstrap-server … --alter --entity-type topics --entity-name ${topic} --add-config ${settings.join(',')}`;
}
