import type { OwnUnits } from './step-schema.ts';

/** Per quantity: `si = value * factor + offset`. Source: NIST SP 811, appendix B. */
const QUANTITIES: Readonly<Record<string, Readonly<Record<string, readonly [factor: number, offset?: number]>>>> = {
  temperature: {
    K: [1],
    C: [1, 273.15],
    '°C': [1, 273.15],
    F: [5 / 9, 459.67 * (5 / 9)],
    '°F': [5 / 9, 459.67 * (5 / 9)],
  },
  mass: { kg: [1], g: [1e-3], mg: [1e-6], t: [1e3], lb: [0.45359237], oz: [0.028349523125], st: [6.35029318] },
  length: {
    m: [1],
    km: [1e3],
    dm: [0.1],
    cm: [1e-2],
    mm: [1e-3],
    um: [1e-6],
    in: [0.0254],
    ft: [0.3048],
    yd: [0.9144],
    mi: [1609.344],
    nmi: [1852],
  },
  area: { m2: [1], km2: [1e6], ha: [1e4], acre: [4046.8564224], ft2: [0.09290304], in2: [0.00064516] },
  volume: {
    l: [1],
    ml: [1e-3],
    cl: [1e-2],
    m3: [1e3],
    gal: [3.785411784],
    qt: [0.946352946],
    pt: [0.473176473],
    floz: [0.0295735295625],
    'imp-gal': [4.54609],
  },
  speed: { 'm/s': [1], 'km/h': [1 / 3.6], mph: [0.44704], kn: [1852 / 3600], 'ft/s': [0.3048] },
  pressure: {
    Pa: [1],
    hPa: [100],
    kPa: [1e3],
    bar: [1e5],
    mbar: [100],
    psi: [6894.757293168],
    mmHg: [133.322387415],
    atm: [101325],
  },
  energy: { J: [1], kJ: [1e3], kWh: [3.6e6], Wh: [3600], cal: [4.184], kcal: [4184], BTU: [1055.05585262] },
  time: { s: [1], ms: [1e-3], min: [60], h: [3600], d: [86400], w: [604800] },
  data: { B: [1], kB: [1e3], MB: [1e6], GB: [1e9], KiB: [1024], MiB: [1048576], GiB: [1073741824] },
};

export interface Conversion {
  readonly factor: number;
  readonly offset: number;
}

/** A unit as its quantity's base unit: `base = value * factor + offset`. */
interface Unit extends Conversion {
  readonly quantity: string;
}

/** From one unit to another of the same quantity, built in or one of `own`; a sentence when there is none. */
export function conversion(from: string, to: string, own: OwnUnits = {}): Conversion | string {
  const units = knownUnits(own);
  if (typeof units === 'string') return units;
  const a = units.get(from);
  if (a === undefined)
    return `'${from}' is no known unit; known are ${[...units.keys()].join(', ')}, others need units: or factor: and offset:`;
  const b = units.get(to);
  if (b === undefined || b.quantity !== a.quantity) {
    const kin = [...units].flatMap(([name, { quantity }]) => (quantity === a.quantity ? [name] : []));
    return `'${from}' cannot become '${to}'; units of the same kind are ${kin.join(', ')}`;
  }
  return { factor: a.factor / b.factor, offset: (a.offset - b.offset) / b.factor };
}

function knownUnits(own: OwnUnits): ReadonlyMap<string, Unit> | string {
  const units = new Map<string, Unit>();
  for (const [quantity, table] of Object.entries(QUANTITIES))
    for (const [name, [factor, offset = 0]] of Object.entries(table)) units.set(name, { quantity, factor, offset });
  for (const [name, { of, factor, offset = 0 }] of Object.entries(own)) {
    const base = units.get(of);
    if (base === undefined)
      return `'${name}' is made of '${of}', which is no known unit; write it above, or name a built-in one`;
    if (factor === 0 || !Number.isFinite(factor)) return `'${name}' needs a factor other than 0; found ${factor}`;
    units.set(name, {
      quantity: base.quantity,
      factor: base.factor * factor,
      offset: base.factor * offset + base.offset,
    });
  }
  return units;
}
