import { expect, it } from 'vitest';
import { GroupBook } from '../../../src/kernels/groups/group-book.ts';

it('names the groups that repeat most, with the first text and the newest that differ', () => {
  const book = new GroupBook();
  book.begin('a', 'A');
  book.begin('b', 'B');
  for (const text of ['a1', 'a2', 'a3', 'a3', 'a4']) book.join('a', text, `as ${text}`);
  book.join('b', 'b1', 'text');
  expect(book.top(5)).toEqual([
    {
      key: 'a',
      count: 5,
      error: 0,
      first: 'A',
      members: [
        { text: 'a2', note: 'as a2' },
        { text: 'a3', note: 'as a3' },
        { text: 'a4', note: 'as a4' },
      ],
    },
    { key: 'b', count: 1, error: 0, first: 'B', members: [{ text: 'b1', note: 'text' }] },
  ]);
  expect(book.top(1)).toHaveLength(1);
});

it('never counts a large group too low among endless small ones, and says how far it may be off', () => {
  const book = new GroupBook();
  for (let i = 0; i < 20_000; i++) {
    book.begin(`once ${i}`, 'x');
    book.join(`once ${i}`, 'y', '');
    if (i % 20 === 0) book.join('large', 'z', '');
  }
  const [large] = book.top(1);
  expect(large?.key).toBe('large');
  expect(large?.count).toBeGreaterThanOrEqual(1000);
  expect((large?.count ?? 0) - (large?.error ?? 0)).toBeLessThanOrEqual(1000);
});

it('cuts long texts and says nothing of a first that came too long ago', () => {
  const book = new GroupBook();
  book.begin('a', 'first');
  for (let i = 0; i < 3000; i++) book.begin(`other ${i}`, 'x');
  book.join('a', 'y'.repeat(1000), '');
  const [group] = book.top(1);
  expect(group?.first).toBeUndefined();
  expect(group?.members[0]?.text).toBe(`${'y'.repeat(300)}…`);
});
