import { changeName } from './tables.ts';

/** Tables whose version is kept one by one; beyond it a change counts for all tables. */
const MAX_VERSIONED_TABLES = 10_000;

/** How often each table was said to have changed. Bounded: what does not fit invalidates everything, never nothing. */
export class TableVersions {
  changed = false;
  private epoch = 0;
  private readonly versions = new Map<string, number>();

  bump(name: string): void {
    const table = changeName(name);
    this.changed = true;
    const version = this.versions.get(table);
    if (version !== undefined || this.versions.size < MAX_VERSIONED_TABLES)
      this.versions.set(table, (version ?? 0) + 1);
    else this.bumpAll();
  }

  bumpAll(): void {
    this.changed = true;
    this.epoch++;
  }

  /** Differs when any of these tables changed in between. */
  of(tables: readonly string[]): string {
    let text = String(this.epoch);
    for (const table of tables) text += `,${this.versions.get(changeName(table)) ?? 0}`;
    return text;
  }

  save(): Uint8Array {
    this.changed = false;
    return new TextEncoder().encode(JSON.stringify({ epoch: this.epoch, versions: [...this.versions] }));
  }

  restore(bytes: Uint8Array): void {
    const saved: { epoch: number; versions: [string, number][] } = JSON.parse(new TextDecoder().decode(bytes));
    this.epoch = saved.epoch;
    for (const [table, version] of saved.versions) this.versions.set(table, version);
  }
}
