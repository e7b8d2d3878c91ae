import type { EventSample } from '../core/observer.ts';
import type { AlarmView, ProfileView, TrustView, View } from './view.ts';

type Data = Readonly<Record<string, unknown>>;

/** What the events say that still holds: open alarms, the newest word on each voter, source and profile. */
export function eventViews(events: readonly EventSample[]): Pick<View, 'alarms' | 'voters' | 'profiles'> {
  const alarms: Record<string, AlarmView> = {};
  const voters: Record<string, TrustView> = {};
  const profiles: Record<string, ProfileView> = {};
  for (const { type, step, time = null, data: unknownData } of events) {
    const data = (typeof unknownData === 'object' && unknownData !== null ? unknownData : {}) as Data; // judged just now
    if (type === 'drift.alarm' || type === 'window.failed' || type === 'breaker.opened')
      alarms[placeOf(type, step, data)] = { type, step, time, data, state: 'open' };
    else if (type === 'drift.recovered' || type === 'drift.rebaselined')
      close(alarms, placeOf('drift.alarm', step, data));
    else if (type === 'window.recovered') close(alarms, placeOf('window.failed', step, data));
    else if (type === 'breaker.closed') close(alarms, placeOf('breaker.opened', step, data));
    else if (type === 'voter.report')
      voters[`${step}/${text(data.voter)}`] = { step, kind: 'voter', name: text(data.voter), data };
    else if (type === 'source.report')
      voters[`${step}/${text(data.source)}`] = { step, kind: 'source', name: text(data.source), data };
    else if (type.startsWith('profile.'))
      profiles[`${step}/${text(data.field)}/${text(data.segment ?? '')}`] = { step, time, data };
  }
  return { alarms, voters, profiles };
}

function close(alarms: Record<string, AlarmView>, place: string): void {
  const alarm = alarms[place];
  if (alarm !== undefined) alarms[place] = { ...alarm, state: 'over' };
}

function placeOf(type: string, step: string, data: Data): string {
  return [type, step, text(data.field ?? ''), text(data.segment ?? '')].join('/');
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
