import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ROOMS } from '../../src/http/console/app/rooms.ts';
import { operators } from '../../src/operators/index.ts';

/** The console's own list; its module needs a browser. */
const state = readFileSync(new URL('../../src/http/console/app/state.ts', import.meta.url), 'utf8');
const PAGES = [...state.matchAll(/\{ id: '(\w+)', title: /g)].map(([, id]) => id);

it('has a room for every operator, and every room is a page', () => {
  expect(PAGES).toHaveLength(7);
  expect(Object.keys(ROOMS).sort()).toEqual(operators.map(({ name }) => name).sort());
  expect(Object.values(ROOMS).filter((room) => !PAGES.includes(room))).toEqual([]);
});

it('shows something of some operator on every page', () => {
  expect(PAGES.filter((page) => !Object.values(ROOMS).includes(page ?? ''))).toEqual([]);
});
