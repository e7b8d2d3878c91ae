import { expect, it } from 'vitest';
import { attemptHeader } from '../../src/core/outgoing-headers.ts';
import { DataRecord, fixedHeaders } from '../../src/core/record.ts';
import { writeEvents } from '../../src/runtime/events.ts';
import { jsonCodec } from '../../src/testing/json-codec.ts';
import { Frame } from '../../src/topology/frame.ts';

it('events have ids of their own: by place, element and, for a record that came back, how often it was refused', () => {
  const source = { topic: 'in', partition: 0 };
  const base = { source, offset: 40, payload: '1', codec: jsonCodec };
  const roots = [
    new DataRecord(base),
    new DataRecord({ ...base, index: 3 }),
    new DataRecord({ ...base, headers: fixedHeaders([attemptHeader(1)]) }),
    new DataRecord({ ...base, index: 3, headers: fixedHeaders([attemptHeader(2)]) }),
  ];
  const frame = new Frame({ roots, edgeCount: 1, portCount: 1 });
  roots.forEach((_, cause) => {
    frame.events.push({ step: 's', type: 'test.seen', data: {}, cause, ordinal: 0 });
  });
  const task = { topology: 't', stage: 'source', ...source };
  writeEvents(frame, { topic: 'events', topology: 't', task }, 0);
  const values = frame.outgoing[0]?.values ?? [];
  expect(values.map((value) => JSON.parse(String(value)).id)).toEqual(
    ['40', '40#3', '40~1', '40#3~2'].map((place) => `t/source/in/0/s/${place}/0`),
  );
});
