import { operatorRegistry } from '../src/operators/index.ts';
import { topologySchema } from '../src/topology/index.ts';

/** JSON Schemas for editors. */
export function schemaFiles(): { path: string; content: string }[] {
  return [
    {
      path: 'schemas/topology.schema.json',
      content: `${JSON.stringify(topologySchema(operatorRegistry()), null, 2)}\n`,
    },
  ];
}
