import type { EventSample } from '../core/observer.ts';
import type { AlarmView, DriftHistory, ProfileView, TrustView, View } from './view.ts';

type Data = Readonly<Record<string, unknown>>;

const MAX_EVENTS = 500;
/** Alarms, voters and sources, profiles, fields with a history: of each the newest this many. */
const MAX_ENTRIES = 2000;
const MAX_TURNS = 20;

/** What opens an alarm, by what closes it. */
const CLOSED_BY: Readonly<Record<string, string>> = {
  'drift.recovered': 'drift.alarm',
  'drift.rebaselined': 'drift.alarm',
  'window.recovered': 'window.failed',
  'breaker.closed': 'breaker.opened',
};
const OPENS = new Set(Object.values(CLOSED_BY));

/** What the events say that still holds, however many of other kinds came since. Bounded. */
export class EventBook {
  private readonly alarms = new Map<string, AlarmView>();
  private readonly voters = new Map<string, TrustView>();
  private readonly profiles = new Map<string, ProfileView>();
  private readonly history = new Map<string, DriftHistory>();
  private events: EventSample[] = [];

  add(events: readonly EventSample[]): void {
    if (events.length === 0) return;
    this.events = [...this.events, ...events].slice(-MAX_EVENTS);
    for (const event of events) this.learn(event);
  }

  newest(n: number): readonly EventSample[] {
    return this.events.slice(-n);
  }

  views(): Pick<View, 'alarms' | 'voters' | 'profiles' | 'history'> {
    return {
      alarms: Object.fromEntries(this.alarms),
      voters: Object.fromEntries(this.voters),
      profiles: Object.fromEntries(this.profiles),
      history: Object.fromEntries(this.history),
    };
  }

  private learn({ type, step, time: given, data: unknownData }: EventSample): void {
    const time = given ?? null;
    const data = (typeof unknownData === 'object' && unknownData !== null ? unknownData : {}) as Data; // judged just now
    const closes = CLOSED_BY[type];
    if (OPENS.has(type))
      keep<AlarmView>(this.alarms, placeOf(type, step, data), { type, step, time, data, state: 'open' });
    else if (closes !== undefined) this.close(placeOf(closes, step, data));
    else if (type === 'voter.report')
      keep(this.voters, `${step}/${text(data.voter)}`, { step, kind: 'voter', name: text(data.voter), data });
    else if (type === 'source.report')
      keep(this.voters, `${step}/${text(data.source)}`, { step, kind: 'source', name: text(data.source), data });
    else if (type.startsWith('profile.'))
      keep(this.profiles, `${step}/${text(data.field)}/${text(data.segment ?? '')}`, { step, time, data });
    if (type.startsWith('drift.') && data.field !== undefined) this.turn({ type, step, time }, data);
  }

  private close(place: string): void {
    const alarm = this.alarms.get(place);
    if (alarm !== undefined) this.alarms.set(place, { ...alarm, state: 'over' });
  }

  /** What became of a field, one more turn. */
  private turn({ type, step, time }: Pick<AlarmView, 'type' | 'step' | 'time'>, data: Data): void {
    const key = placeOf('drift', step, data);
    const { chart, severity } = data;
    const said = [chart, severity].filter((part) => typeof part === 'string').join(', ');
    const turns = [...(this.history.get(key)?.turns ?? []), { type, time, said }].slice(-MAX_TURNS);
    const segment = data.segment === undefined ? null : text(data.segment);
    keep(this.history, key, { step, field: text(data.field), segment, turns });
  }
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > MAX_ENTRIES && oldest !== undefined) map.delete(oldest);
}

function placeOf(type: string, step: string, data: Data): string {
  return [type, step, text(data.field ?? ''), text(data.segment ?? '')].join('/');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
