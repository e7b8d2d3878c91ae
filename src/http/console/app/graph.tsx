import type { Flow, Graph as GraphData } from '../../../telemetry/view.ts';
import { short } from './format.ts';
import { ROOMS } from './rooms.ts';
import { report } from './state.ts';

const WIDTH = 144;
const HEIGHT = 44;
const GAP_X = 100;
const GAP_Y = 26;
const TURN = 34;

interface Box {
  readonly x: number;
  readonly y: number;
}

/** Columns by the longest way from a topic nobody writes. In a column what a step passes on stands above what it refuses. */
export function layOut({ nodes, edges }: GraphData): {
  boxes: ReadonlyMap<string, Box>;
  width: number;
  height: number;
} {
  const level = new Map(nodes.map(({ id }) => [id, 0]));
  for (let round = 0; round < nodes.length; round++)
    for (const { from, to } of edges)
      level.set(to, Math.max(level.get(to) ?? 0, Math.min(nodes.length, (level.get(from) ?? 0) + 1)));
  const rank = new Map(nodes.map(({ id, kind }) => [id, kind === 'step' ? 0 : 2]));
  for (const { to, port } of edges) if (port === 'out' || port === null) rank.set(to, 0);
  for (const { to, port } of edges) if (port === 'rejected') rank.set(to, 3);
  const rows = new Map<number, number>();
  const boxes = new Map<string, Box>();
  for (const { id } of [...nodes].sort((a, b) => (rank.get(a.id) ?? 0) - (rank.get(b.id) ?? 0))) {
    const column = level.get(id) ?? 0;
    const row = rows.get(column) ?? 0;
    rows.set(column, row + 1);
    boxes.set(id, { x: column * (WIDTH + GAP_X) + 4, y: row * (HEIGHT + GAP_Y) + 14 });
  }
  const columns = Math.max(0, ...level.values()) + 1;
  const height = Math.max(1, ...rows.values()) * (HEIGHT + GAP_Y) + 14;
  return { boxes, width: columns * (WIDTH + GAP_X) - GAP_X + 8, height };
}

/** The topology with what goes over its edges. */
export function TopologyGraph({ graph, flows }: { graph: GraphData; flows: Readonly<Record<string, Flow>> }) {
  const { boxes, width, height } = layOut(graph);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section class="graph" tabIndex={0} aria-label="Topology with live rates">
      {/* biome-ignore lint/a11y/useSemanticElements: a picture with links in it is no fieldset */}
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="group" aria-label="Steps and topics">
        {graph.edges.map(({ from, to, port }) => (
          <Edge
            key={`${from}>${to}>${port}`}
            from={boxes.get(from)}
            to={boxes.get(to)}
            port={port}
            flow={flows[`${from}>${to}>${port ?? ''}`]}
          />
        ))}
        {graph.nodes.map((node) => (
          <Node key={node.id} node={node} box={boxes.get(node.id)} />
        ))}
      </svg>
    </section>
  );
}

/** A step leads to the page that shows what it finds. */
function Node({ node: { id, kind, use }, box }: { node: GraphData['nodes'][number]; box: Box | undefined }) {
  if (box === undefined) return null;
  const room = use === null ? undefined : ROOMS[use];
  const shape = (
    <g class={`node ${kind}`} transform={`translate(${box.x},${box.y})`}>
      <title>{use === null ? `topic ${id}` : `${id}: ${use}`}</title>
      <rect width={WIDTH} height={HEIGHT} rx={kind === 'topic' ? 22 : 6} />
      <text x={WIDTH / 2} y={use === null ? 27 : 19}>
        {cut(id)}
      </text>
      {use !== null && (
        <text class="use" x={WIDTH / 2} y={35}>
          {use}
        </text>
      )}
    </g>
  );
  return room === undefined || room === 'overview' ? shape : <a href={`#${room}`}>{shape}</a>;
}

function Edge({
  from,
  to,
  port,
  flow,
}: {
  from: Box | undefined;
  to: Box | undefined;
  port: string | null;
  flow: Flow | undefined;
}) {
  if (from === undefined || to === undefined) return null;
  const [x1, y1, x2, y2] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
  const rate =
    flow === undefined
      ? ''
      : `${short(flow.records)}${report === undefined && flow.perSecond > 0 ? ` · ${short(flow.perSecond)}/s` : ''}`;
  // an edge that changes its row does so at once: the rest of its way runs between the rows
  const path =
    y1 === y2
      ? `M${x1},${y1} L${x2},${y2}`
      : `M${x1},${y1} C${x1 + 36},${y1} ${x1 + 4},${y2} ${x1 + TURN},${y2} L${x2},${y2}`;
  return (
    <g class={`edge ${port ?? 'in'} ${flow !== undefined && flow.perSecond > 0 ? 'moving' : ''}`}>
      <path d={path} />
      <text x={x1 + (y1 === y2 ? 8 : TURN)} y={y2 - 5}>
        {rate}
      </text>
    </g>
  );
}

function cut(text: string): string {
  return text.length > 19 ? `${text.slice(0, 18)}…` : text;
}
