import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { percent } from './format.ts';

/** A line over the newest buckets; what it shows in words stands in its label. */
export function Spark({ values, label, max }: { values: readonly number[]; label: string; max?: number }) {
  const top = max ?? Math.max(1, ...values);
  const points = values.map(
    (v, i) => `${(i / Math.max(1, values.length - 1)) * 100},${22 - (Math.min(v, top) / top) * 20}`,
  );
  return (
    <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img" aria-label={label}>
      <polyline points={points.join(' ')} />
    </svg>
  );
}

/** A share as a bar with its number beside it. */
export function Bar({ share, tone = 'normal', text }: { share: number; tone?: string; text?: string }) {
  const width = Math.max(0, Math.min(1, share)) * 100;
  return (
    <span class={`bar ${tone}`}>
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="8" />
        <rect class="fill" width={width} height="8" />
      </svg>
      <span>{text ?? percent(share)}</span>
    </span>
  );
}

export function Panel({ title, children, wide }: { title: string; children: ComponentChildren; wide?: boolean }) {
  return (
    <section class={wide === true ? 'panel wide' : 'panel'}>
      <h2>{title}</h2>
      {children}
    </section>
  );
}

export function Empty({ children }: { children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** What may be wider than the page scrolls by itself. */
export function Wide({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section class="graph" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}

const ROW_PX = 36;
const SPARE_ROWS = 8;

/** A table of any length of which only the rows in sight are in the page. */
export function LongTable<Row>(props: {
  label: string;
  head: readonly string[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  cells: (row: Row) => ComponentChildren;
}) {
  const box = useRef<HTMLElement>(null);
  const [span, setSpan] = useState({ top: 0, height: 600 });
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const look = () => setSpan({ top: element.scrollTop, height: element.clientHeight });
    const watch = new ResizeObserver(look);
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(span.top / ROW_PX) - SPARE_ROWS);
  const last = Math.min(props.rows.length, Math.ceil((span.top + span.height) / ROW_PX) + SPARE_ROWS);
  return (
    <section
      class="long"
      ref={box}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={props.label}
      onScroll={(event) => setSpan({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
    >
      <table aria-rowcount={props.rows.length}>
        <thead>
          <tr>
            {props.head.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first > 0 && <Gap rows={first} columns={props.head.length} />}
          {props.rows.slice(first, last).map((row) => (
            <tr key={props.keyOf(row)}>{props.cells(row)}</tr>
          ))}
          {last < props.rows.length && <Gap rows={props.rows.length - last} columns={props.head.length} />}
        </tbody>
      </table>
    </section>
  );
}

function Gap({ rows, columns }: { rows: number; columns: number }) {
  return (
    <tr class="gap">
      <td colSpan={columns} ref={(cell) => void cell?.style.setProperty('height', `${rows * ROW_PX}px`)} />
    </tr>
  );
}
