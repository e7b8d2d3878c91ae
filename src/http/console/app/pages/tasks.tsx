import type { View } from '../../../../telemetry/view.ts';
import { count, instant, visible } from '../format.ts';
import { Empty, LongTable, Panel } from '../parts.tsx';

const MAX_EVENTS = 50;

export function Tasks({ view }: { view: View }) {
  const events = view.events.slice(-MAX_EVENTS).reverse();
  return (
    <div class="grid">
      <Panel title="Tasks" wide>
        <LongTable
          label="Tasks"
          head={['task', 'state', 'position', 'lag', 'stream time', 'checkpoint', 'commit', 'restarts']}
          rows={Object.values(view.tasks)}
          keyOf={({ task }) => task}
          cells={(task) => (
            <>
              <td>{task.task}</td>
              <td>
                <span class={`tag ${task.state}`}>{task.state}</span>
              </td>
              <td class="number">{count(task.position)}</td>
              <td class="number">{task.lag === null ? '–' : count(task.lag)}</td>
              <td>{instant(task.streamTime)}</td>
              <td class="number">{task.checkpointAgeSeconds === null ? '–' : `${task.checkpointAgeSeconds} s ago`}</td>
              <td class="number">
                {task.commitSeconds === null ? '–' : `${(task.commitSeconds * 1000).toFixed(1)} ms`}
              </td>
              <td class="number" title={task.lastError ?? ''}>
                {count(task.restarts)}
              </td>
            </>
          )}
        />
      </Panel>
      <Panel title="Newest events" wide>
        {events.length === 0 && <Empty>None since this process began.</Empty>}
        {events.map((event, i) => (
          <details key={i}>
            <summary>
              {event.type}{' '}
              <span class="soft">
                {event.step} {event.time ?? ''}
              </span>
            </summary>
            <pre>{visible(JSON.stringify(event.data, null, 2))}</pre>
          </details>
        ))}
      </Panel>
    </div>
  );
}
