import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Line {
  readonly label: string;
  /** Name of a CSS color variable. */
  readonly color: string;
  readonly values: readonly number[];
}

const HEIGHT_PX = 180;

/** Lines over seconds since the epoch. The same chart takes new data; only a change of its lines makes another. */
export function Chart({ at, lines, label }: { at: readonly number[]; lines: readonly Line[]; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const shape = lines.map((line) => line.label).join();
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const made = new uPlot(options(element, lines), data(at, lines), element);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    watch.observe(element);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData(data(at, lines));
  }, [at, lines]);
  const newest = lines.map((line) => `${line.label} ${line.values.at(-2) ?? 0} a second`).join(', ');
  return <div class="chart" ref={box} role="img" aria-label={`${label}: ${newest}`} />;
}

function data(at: readonly number[], lines: readonly Line[]): uPlot.AlignedData {
  // the second that has just begun is not over yet
  return [at.slice(0, -1), ...lines.map((line) => line.values.slice(0, -1))] as uPlot.AlignedData; // plain numbers
}

function options(element: HTMLElement, lines: readonly Line[]): uPlot.Options {
  const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = () => ({
    stroke: () => color('--soft'),
    grid: { stroke: () => color('--line'), width: 1 },
    ticks: { show: false },
  });
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    cursor: { drag: { x: false, y: false } },
    legend: { show: true, live: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [axis(), { ...axis(), size: 56 }],
    series: [
      {},
      ...lines.map((line) => ({
        label: line.label,
        stroke: () => color(line.color),
        width: 2,
        points: { show: false },
      })),
    ],
  };
}
