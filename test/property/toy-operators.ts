import { Type } from '@sinclair/typebox';
import type { Kernel, Operator, OperatorDeps, Out, PortSpec, Tick } from '../../src/core/operator.ts';
import type { DataRecord } from '../../src/core/record.ts';
import { DataRecord as Records } from '../../src/core/record.ts';
import type { CheckpointDelta, StatePart } from '../../src/core/state.ts';

/** Small operators that between them do everything a kernel may do. Records are `{ n: number }`. */
export function numberOf(record: DataRecord): number {
  const { data } = record;
  return typeof data === 'object' && data !== null && 'n' in data && typeof data.n === 'number' ? data.n : 0;
}

interface Toy {
  readonly ports: readonly PortSpec[];
  create(deps: OperatorDeps): Kernel;
}

function json(value: unknown): StatePart['bytes'] {
  return new TextEncoder().encode(JSON.stringify(value));
}

function parse(part: StatePart) {
  return JSON.parse(new TextDecoder().decode(part.bytes));
}

const OUT: PortSpec = { name: 'out', fate: 'pass' };

const parity: Toy = {
  ports: [OUT, { name: 'odd', fate: 'pass' }],
  create: () => ({
    process(records, _time, out) {
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        out.emit(Math.abs(numberOf(records[i]!)) % 2, records[i]!);
      }
    },
  }),
};

const tag: Toy = {
  ports: [OUT],
  create: (deps) => ({
    process(records, time, out) {
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        const draft = records[i]!.edit();
        draft.patch([deps.step], Number.isNaN(time[i]!) ? null : time[i]);
        out.evidence(draft, { field: deps.step, old: undefined, new: time[i], method: 'tag' });
        out.finding(draft, { rule: 'tagged', severity: 'warn' });
        out.emit(0, draft);
      }
    },
  }),
};

const reject: Toy = {
  ports: [OUT, { name: 'rejected', fate: 'quarantined' }],
  create: () => ({
    process(records, _time, out) {
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        const record = records[i]!;
        if (numberOf(record) % 5 !== 0) out.emit(0, record);
        else {
          const draft = record.edit();
          out.finding(draft, { rule: 'five', severity: 'error', observed: numberOf(record) });
          out.emit(1, draft);
        }
      }
    },
  }),
};

const copy: Toy = {
  ports: [OUT, { name: 'copy', fate: 'pass' }],
  create: () => ({
    process(records, _time, out) {
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        out.emit(0, records[i]!);
        if (numberOf(records[i]!) % 3 === 0) out.emit(1, records[i]!);
      }
    },
  }),
};

const boom: Toy = {
  ports: [OUT],
  create: () => ({
    process(records, _time, out) {
      for (let i = 0; i < records.length; i++) {
        out.at = i;
        if (numberOf(records[i]!) % 11 === 3) throw new Error('boom');
        out.emit(0, records[i]!);
      }
    },
  }),
};

class Once implements Kernel {
  private seen = new Set<number>();
  private fresh: number[] = [];
  private segments = 0;

  process(records: readonly DataRecord[], _time: Float64Array, out: Out): void {
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      const key = numberOf(records[i]!) % 23;
      if (this.seen.has(key)) out.emit(1, records[i]!);
      else {
        this.seen.add(key);
        this.fresh.push(key);
        out.emit(0, records[i]!);
        if (this.seen.size % 4 === 0) out.event('toy.seen', { keys: this.seen.size });
      }
    }
  }

  checkpoint(): CheckpointDelta {
    const put = this.fresh.length === 0 ? [] : [{ name: `s${this.segments++}`, bytes: json(this.fresh) }];
    this.fresh = [];
    return { put, drop: [] };
  }

  restore(part: StatePart): void {
    for (const key of parse(part)) this.seen.add(key);
    this.segments = Math.max(this.segments, Number(part.name.slice(1)) + 1);
  }
}

/** Holds each record until `SPAN` further ones have come, or until its time is over. */
class Delay implements Kernel {
  private readonly deps: OperatorDeps;
  private readonly byTime: boolean;
  private held: { due: number; record: DataRecord }[] = [];
  private count = 0;

  constructor(deps: OperatorDeps, byTime: boolean) {
    this.deps = deps;
    this.byTime = byTime;
  }

  process(records: readonly DataRecord[], time: Float64Array, out: Out): void {
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      const now = this.byTime ? time[i]! : this.count++;
      this.fire(now, out);
      if (Number.isNaN(now) || numberOf(records[i]!) % 4 === 1) {
        out.emit(0, records[i]!);
        continue;
      }
      this.held.push({ due: now + (this.byTime ? 500 : 5), record: this.deps.records.own(records[i]!) });
      out.absorb('held');
    }
  }

  onTick(tick: Tick, out: Out): void {
    if (tick.kind === 'end') this.fire(Number.POSITIVE_INFINITY, out);
  }

  private fire(now: number, out: Out): void {
    while (this.held.length > 0 && this.held[0]!.due <= now) {
      const { record } = this.held.shift()!;
      out.release(record);
      out.emit(numberOf(record) % 7 === 0 ? 1 : 0, record);
    }
  }

  checkpoint(): CheckpointDelta {
    const held = this.held.map(({ due, record }) => [due, [...this.deps.records.encode(record)]]);
    return { put: [{ name: 'all', bytes: json([this.count, held]) }], drop: [] };
  }

  restore(part: StatePart): void {
    const [count, held] = parse(part);
    this.count = count;
    this.held = held.map(([due, bytes]: [number, number[]]) => ({
      due,
      record: this.deps.records.decode(Uint8Array.from(bytes)),
    }));
  }
}

/** Merges three records into one of their sum. */
class Sum implements Kernel {
  private sum = 0;
  private count = 0;

  process(records: readonly DataRecord[], _time: Float64Array, out: Out): void {
    for (let i = 0; i < records.length; i++) {
      out.at = i;
      this.sum += numberOf(records[i]!);
      out.absorb('merged');
      if (++this.count % 3 === 0) out.emit(0, Records.derived(records[i]!, { n: this.sum }));
    }
  }

  checkpoint(): CheckpointDelta {
    return { put: [{ name: 'sum', bytes: json([this.sum, this.count]) }], drop: [] };
  }

  restore(part: StatePart): void {
    [this.sum, this.count] = parse(part);
  }
}

const TOYS: Readonly<Record<string, Toy>> = {
  parity,
  tag,
  reject,
  copy,
  boom,
  once: { ports: [OUT, { name: 'duplicates', fate: 'duplicate' }], create: () => new Once() },
  delay: { ports: [OUT, { name: 'late', fate: 'late' }], create: (deps) => new Delay(deps, true) },
  buffer: { ports: [OUT, { name: 'late', fate: 'late' }], create: (deps) => new Delay(deps, false) },
  sum: { ports: [{ name: 'out', fate: 'derived' }], create: () => new Sum() },
};

/** Each breaks one thing that a kernel promises. */
const BUGS: Readonly<Record<string, Toy>> = {
  /** What it writes depends on where the batch begins. */
  'sees-the-cut': {
    ports: [OUT],
    create: () => ({
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          const draft = records[i]!.edit();
          draft.patch(['place'], i);
          out.emit(0, draft);
        }
      },
    }),
  },
  /** Says at the end of a batch what the records of it were. */
  'speaks-once-a-batch': {
    ports: [OUT],
    create: () => ({
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          out.emit(0, records[i]!);
        }
        out.event('toy.batch', { last: numberOf(records.at(-1)!) });
      },
    }),
  },
  /** Neither emits nor absorbs some records. */
  loses: {
    ports: [OUT],
    create: () => ({
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          if (numberOf(records[i]!) % 7 !== 0) out.emit(0, records[i]!);
        }
      },
    }),
  },
  /** Says that it holds records and never lets them go. */
  keeps: {
    ports: [OUT],
    create: () => ({
      process(records, _time, out) {
        for (let i = 0; i < records.length; i++) {
          out.at = i;
          if (numberOf(records[i]!) % 7 === 0) out.absorb('held');
          else out.emit(0, records[i]!);
        }
      },
    }),
  },
  /** Its memory is in no checkpoint. */
  'forgets-all': {
    ports: [OUT, { name: 'duplicates', fate: 'duplicate' }],
    create: () => {
      const { process } = Once.prototype;
      const once = new Once();
      return { process: (records, time, out) => process.call(once, records, time, out) };
    },
  },
  /** Its checkpoint leaves out what was new in the batch before. */
  'forgets-some': {
    ports: [OUT, { name: 'duplicates', fate: 'duplicate' }],
    create: () => {
      const once = new Once();
      return {
        process: (records, time, out) => once.process(records, time, out),
        checkpoint() {
          const { put, drop } = once.checkpoint();
          return { put: put.map(({ name, bytes }) => ({ name, bytes: json(parse({ name, bytes }).slice(1)) })), drop };
        },
        restore: (part) => once.restore(part),
      };
    },
  },
  /** Counts what is replayed twice: a counter outside of its state. */
  'outlives-its-task': (() => {
    let seen = 0;
    return {
      ports: [OUT],
      create: () => ({
        process(records, _time, out) {
          for (let i = 0; i < records.length; i++) {
            out.at = i;
            const draft = records[i]!.edit();
            draft.patch(['seen'], seen++);
            out.emit(0, draft);
          }
        },
      }),
    } satisfies Toy;
  })(),
};

export const TOY_NAMES = Object.keys(TOYS);

export function toyOperator(name: string): Operator {
  const toy = TOYS[name] ?? BUGS[name]!;
  return {
    name,
    summary: 'a toy',
    config: Type.Object({}),
    example: {},
    ports: () => toy.ports,
    scope: () => 'partition',
    create: (_config, deps) => toy.create(deps),
  };
}
