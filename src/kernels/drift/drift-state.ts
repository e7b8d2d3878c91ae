import { StateError } from '../../core/errors.ts';
import type { CheckpointDelta, StatePart } from '../../core/state.ts';
import { ByteReader, ByteWriter, type Layout } from '../sketch/bytes.ts';
import type { Column } from './column.ts';

const LAYOUT: Layout = { kind: 'DRST', version: 2 };
const META = 'meta';
const LEVEL = '~';

interface Meta {
  readonly version: number;
  readonly rest: unknown;
}

/**
 * State as parts: `meta` (JSON), and for each column `c-<id>` (charts, recent values; when it saw a record), `r-<id>`
 * (its reference; once) and `w-<id>-<chunk>` (warm-up values; the last chunk, dropped when the reference is frozen).
 * The level of a column in drift is a column of its own, `<id>~`.
 */
export class DriftState {
  /** Warm-up parts that are live, by column. */
  private readonly warm = new Map<string, Set<string>>();
  /** Ids of the levels that have parts. */
  private readonly levels = new Set<string>();

  checkpoint(columns: ReadonlyMap<string, Column>, rest: unknown): CheckpointDelta {
    const meta: Meta = { version: LAYOUT.version, rest };
    const put: StatePart[] = [{ name: META, bytes: new TextEncoder().encode(JSON.stringify(meta)) }];
    const drop: string[] = [];
    for (const [id, column] of this.withLevels(columns, drop)) {
      if (!column.dirty && !column.referenceDirty) continue;
      const to = new ByteWriter(LAYOUT);
      column.writeState(to);
      put.push({ name: `c-${id}`, bytes: to.finish() });
      this.reference(id, column, put, drop);
      this.warmUp(id, column, put, drop);
      column.dirty = false;
      column.referenceDirty = false;
    }
    return { put, drop };
  }

  /** Parts of a level that is no more are dropped. */
  private *withLevels(
    columns: ReadonlyMap<string, Column>,
    drop: string[],
  ): Generator<readonly [id: string, column: Column]> {
    for (const [id, column] of columns) {
      yield [id, column];
      const { level } = column;
      const levelId = id + LEVEL;
      if (level !== undefined) {
        this.levels.add(levelId);
        yield [levelId, level];
      } else if (this.levels.delete(levelId)) {
        drop.push(`c-${levelId}`, `r-${levelId}`, ...(this.warm.get(levelId) ?? []));
        this.warm.delete(levelId);
      }
    }
  }

  private reference(id: string, column: Column, put: StatePart[], drop: string[]): void {
    if (!column.referenceDirty) return;
    const bytes = column.saveReference();
    if (bytes === undefined) drop.push(`r-${id}`);
    else put.push({ name: `r-${id}`, bytes });
  }

  private warmUp(id: string, column: Column, put: StatePart[], drop: string[]): void {
    let live = this.warm.get(id);
    if (column.referenceDirty && live !== undefined) {
      drop.push(...live);
      this.warm.delete(id);
      live = undefined;
    }
    for (const { chunk, bytes } of column.warmUpChunks()) {
      const name = `w-${id}-${chunk}`;
      if (live === undefined) {
        live = new Set();
        this.warm.set(id, live);
      }
      live.add(name);
      const dropped = drop.indexOf(name);
      if (dropped >= 0) drop.splice(dropped, 1);
      put.push({ name, bytes });
    }
  }

  /** `open` gives the columns by id for what `meta` says. References come before charts: they set the thresholds. */
  restore(parts: readonly StatePart[], open: (rest: unknown) => ReadonlyMap<string, Column>): void {
    const found = parts.find(({ name }) => name === META);
    if (found === undefined) throw new StateError('drift state has no part "meta"', { code: 'unknown-part' });
    const meta = JSON.parse(new TextDecoder().decode(found.bytes)) as Meta; // written by checkpoint()
    if (meta.version !== LAYOUT.version)
      throw new StateError(
        `drift state is version ${meta.version}, this build reads ${LAYOUT.version}: reset the step`,
        {
          code: 'state-version',
        },
      );
    const columns = open(meta.rest);
    const columnOf = (id: string): Column => {
      const isLevel = id.endsWith(LEVEL);
      const column = isLevel ? columns.get(id.slice(0, -LEVEL.length))?.openLevel() : columns.get(id);
      if (isLevel) this.levels.add(id);
      if (column === undefined)
        throw new StateError(`drift state names column ${id}, which the step does not have`, { code: 'unknown-part' });
      return column;
    };
    for (const kind of ['r', 'w', 'c'])
      for (const { name, bytes } of parts) {
        const [of = '', id = '', chunk = ''] = name.split('-');
        if (of !== kind) continue;
        if (kind === 'r') columnOf(id).loadReference(bytes);
        else if (kind === 'c') columnOf(id).readState(new ByteReader(bytes, LAYOUT));
        else {
          columnOf(id).loadWarmUp(Number(chunk), bytes);
          this.warm.set(id, (this.warm.get(id) ?? new Set()).add(name));
        }
      }
    for (const column of columns.values())
      for (const one of [column, column.level]) {
        if (one === undefined) continue;
        one.dirty = false;
        one.referenceDirty = false;
      }
  }
}
