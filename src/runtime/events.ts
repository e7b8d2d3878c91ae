import type { OutgoingBatch, TaskId } from '../core/broker.ts';
import { taskName } from '../core/broker.ts';
import type { Codec } from '../core/codec.ts';
import { attemptOf } from '../core/outgoing-headers.ts';
import { DataRecord } from '../core/record.ts';
import type { Frame, FrameEvent } from '../topology/frame.ts';

const EVENT_CODEC: Codec = {
  name: 'json',
  decode: (payload) => JSON.parse(payload.toString()),
  encode: (record) => JSON.stringify(record.data),
};

export interface EventSink {
  readonly topic: string | undefined;
  readonly topology: string;
  readonly task: TaskId;
}

/**
 * Quality events as CloudEvents 1.0 JSON, in order of cause. Functions of the data: `time` is stream time, `id` is made from task,
 * step, the record that caused it and a running number, so a replay gives the same event.
 */
export function writeEvents(frame: Frame, sink: EventSink, streamTime: number): Frame {
  if (sink.topic === undefined || frame.events.length === 0) return frame;
  const events = [...frame.events].sort((a, b) => a.cause - b.cause); // stable: step order, then emission order
  const records = events.map((event) => eventRecord(event, frame, sink, streamTime));
  const batch: OutgoingBatch = {
    topic: sink.topic,
    role: 'events',
    records,
    values: records.map((record) => EVENT_CODEC.encode(record)),
    findings: 'none',
  };
  frame.outgoing.push(batch);
  return frame;
}

/** `40`, `40#3` for an element, `40~1` for one that comes back after one refusal: ids of events stay distinct. */
function rootPlace(root: DataRecord): string {
  const attempt = attemptOf(root);
  return `${root.offset}${root.index < 0 ? '' : `#${root.index}`}${attempt === 0 ? '' : `~${attempt}`}`;
}

function eventRecord(event: FrameEvent, frame: Frame, sink: EventSink, streamTime: number): DataRecord {
  const cause = frame.roots[event.cause];
  const place = cause === undefined ? tickPlace(frame) : rootPlace(cause);
  const time = frame.tick?.time ?? cause?.time ?? streamTime;
  const task = taskName(sink.task);
  const data = {
    specversion: '1.0',
    id: `${task}/${event.step}/${place}/${event.ordinal}`,
    source: `sluice/${sink.topology}/${event.step}`,
    type: event.type,
    ...(Number.isFinite(time) ? { time: new Date(time).toISOString() } : {}),
    datacontenttype: 'application/json',
    data: event.data,
  };
  const source = cause?.source ?? { topic: sink.task.topic, partition: sink.task.partition };
  return new DataRecord({ source, offset: cause?.offset ?? -1, payload: undefined, codec: EVENT_CODEC, data });
}

/** `end@40` is the end of an input of 40 records, `idle@40+1767225600000` a tick there up to that stream time. */
function tickPlace({ tick, position }: Frame): string {
  if (tick?.kind === 'command') return `command/${tick.id}`;
  const time = tick?.kind === 'idle' ? `+${tick.time}` : '';
  return `${tick?.kind ?? 'tick'}@${position}${time}`;
}
