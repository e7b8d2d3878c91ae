import type { View } from '../../telemetry/view.ts';

/** Sections that are maps by name: of these only entries that changed travel. */
const KEYED = [
  'flows',
  'problems',
  'rules',
  'charts',
  'distributions',
  'alarms',
  'history',
  'voters',
  'duplicates',
  'groups',
  'profiles',
  'tasks',
] as const;
type Keyed = (typeof KEYED)[number];

/** What changed from one view to the next; a section that did not is absent. */
export interface ViewDelta {
  readonly whole: Partial<Omit<View, Keyed>>;
  readonly keyed: {
    readonly [section in Keyed]?: { readonly set: Partial<View[section]>; readonly drop: readonly string[] };
  };
}

export function diffViews(before: View, after: View): ViewDelta {
  const whole: Record<string, unknown> = {};
  const keyed: Record<string, unknown> = {};
  for (const name of Object.keys(after) as (keyof View)[]) {
    if (isKeyed(name)) {
      const change = diffMaps(before[name], after[name]);
      if (change !== undefined) keyed[name] = change;
    } else if (JSON.stringify(before[name]) !== JSON.stringify(after[name])) whole[name] = after[name];
  }
  return { whole, keyed };
}

type Entries = Readonly<Record<string, unknown>>;

function diffMaps(before: Entries, after: Entries): { set: Record<string, unknown>; drop: string[] } | undefined {
  const set: Record<string, unknown> = {};
  for (const key of Object.keys(after))
    if (before[key] === undefined || JSON.stringify(before[key]) !== JSON.stringify(after[key])) set[key] = after[key];
  const drop = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  return Object.keys(set).length === 0 && drop.length === 0 ? undefined : { set, drop };
}

/** The view after a change: `applyDelta(before, diffViews(before, after))` equals `after`. */
export function applyDelta(before: View, { whole, keyed }: ViewDelta): View {
  const view: Record<string, unknown> = { ...before, ...whole };
  for (const [name, change] of Object.entries(keyed)) {
    if (change === undefined) continue;
    const section: Record<string, unknown> = { ...(view[name] as Entries), ...change.set }; // keyed sections are maps
    for (const key of change.drop) delete section[key];
    view[name] = section;
  }
  return view as unknown as View; // the sections of one, each replaced by its own kind
}

function isKeyed(name: string): name is Keyed {
  return (KEYED as readonly string[]).includes(name);
}
