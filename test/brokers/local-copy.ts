import { makeFramer } from '../../src/formats/index.ts';
import { info, openToy, pollSome, toTopic } from './local-toy.ts';

/** Child process of the memory tests: copies topic `in` of the folder given to `out` and prints its peak memory in KiB. */
const [dir = ''] = process.argv.slice(2);
const COMMIT_RECORDS = 20_000;

const { broker, channel } = await openToy(dir, { framers: makeFramer });
let outputs = [];
let since = 0;
for (;;) {
  const batch = await pollSome(channel);
  if (batch.records.length > 0) outputs.push(toTopic('out', batch.records));
  since += batch.records.length;
  if (since >= COMMIT_RECORDS || batch.atEnd) {
    await channel.commit({ outputs, next: batch.next, info: info(), checkpoint: { put: [], drop: [] } });
    outputs = [];
    since = 0;
  }
  if (batch.atEnd) break;
}
await channel.close();
await broker.close();
console.log(process.resourceUsage().maxRSS);
