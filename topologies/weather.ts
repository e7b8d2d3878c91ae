// Daily weather of Seattle (csv). The same topology as in YAML, with one step of its own written in RxJS.
import { map } from 'rxjs';
import { defineTopology, fromRx } from '../src/index.ts';

/** Days with rain are what the readers of this topic want. */
const onlyWet = fromRx('only-wet', (batch$) =>
  batch$.pipe(
    map((records) =>
      records.filter((record) => {
        const day = record.data as { precipitation?: unknown }; // csv: an object with the columns of the file
        return typeof day.precipitation === 'number' && day.precipitation > 0;
      }),
    ),
  ),
);

export const operators = [onlyWet];

export const topology = defineTopology({
  name: 'weather',
  input: {
    topic: 'weather.raw',
    format: 'csv',
    csv: { columns: { precipitation: 'number', temp_max: 'number', temp_min: 'number', wind: 'number' } },
  },
  steps: [
    {
      id: 'sane',
      use: 'check',
      with: {
        rules: [
          { field: 'date', format: 'date', required: true },
          { field: 'temp_min', max: { field: 'temp_max' } },
          { field: 'wind', between: [0, 60] },
          { field: 'weather', in: ['drizzle', 'rain', 'sun', 'snow', 'fog'] },
        ],
      },
    },
    { id: 'wet', use: 'only-wet' },
  ],
  output: { topic: 'weather.wet' },
});
