import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf, type MemberClaim, shareTasks, type TaskKey } from '../../../src/brokers/kafka/assigner.ts';
import { decodeClaim, decodeTasks, encodeClaim, encodeTasks } from '../../../src/brokers/kafka/group-protocol.ts';

const READS = [
  { stage: 'source', topic: 'in' },
  { stage: 'by-id', topic: 'between' },
];
const COUNTS: Readonly<Record<string, number>> = { in: 7, between: 5 };
const partitions = (topic: string) => COUNTS[topic] ?? 0;

function fresh(memberId: string, change: Partial<MemberClaim> = {}): MemberClaim {
  return { memberId, fingerprint: 'p', reads: READS, generation: -1, owned: [], ...change };
}

/** Members as they stand after a generation. */
function settled(generation: number, members: readonly MemberClaim[]): MemberClaim[] {
  const shares = shareTasks(members, partitions);
  return members.map((member) => ({ ...member, generation, owned: shares.get(member.memberId)?.tasks ?? [] }));
}

const names = (tasks: readonly TaskKey[]) => tasks.map(keyOf);

describe('assigner', () => {
  it('gives every task to exactly one member, evenly within each stage, once nobody has anything to give up', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (count) => {
        const members = settled(
          1,
          Array.from({ length: count }, (_, i) => fresh(`m${i}`)),
        );
        const all = members.flatMap(({ owned }) => names(owned));
        expect(new Set(all).size).toBe(12);
        expect(all).toHaveLength(12);
        for (const { stage } of READS) {
          const sizes = members.map(({ owned }) => owned.filter((task) => task.stage === stage).length);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('never gives a task to a second member while its owner has it, and is even two generations after any change', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(5)), { minLength: 1, maxLength: 12 }), (changes) => {
        let members: MemberClaim[] = [fresh('m0')];
        let generation = 0;
        for (const [joins, which] of changes) {
          if (joins) members.push(fresh(`m${generation}-${which}`));
          else if (members.length > 1) members.splice(which % members.length, 1);
          for (let round = 0; round < 2; round++) {
            const owner = new Map(
              members.flatMap(({ memberId, owned }) => names(owned).map((task) => [task, memberId])),
            );
            const next = settled(++generation, members);
            const given = next.flatMap(({ memberId, owned }) => names(owned).map((task) => [task, memberId] as const));
            expect(new Set(given.map(([task]) => task)).size).toBe(given.length);
            for (const [task, memberId] of given) expect([undefined, memberId]).toContain(owner.get(task));
            members = next;
          }
          expect(members.flatMap(({ owned }) => owned)).toHaveLength(12);
        }
      }),
    );
  });

  it('moves no more than it must when a member joins', () => {
    const before = settled(1, [fresh('a'), fresh('b')]);
    const then = settled(2, [...before, fresh('c')]);
    const kept = then.slice(0, 2).flatMap(({ owned }) => names(owned));
    expect(kept).toHaveLength(3 + 2 + 2 + 2); // 7 tasks over three members: 3, 2, 2; 5 tasks: 2, 2, 1
    for (const [i, member] of before.entries())
      expect(names(member.owned)).toEqual(expect.arrayContaining(names(then[i]?.owned ?? [])));
  });

  it('gives nothing to a member of another plan than that of those who own tasks', () => {
    const owner = settled(1, [fresh('z')])[0] as MemberClaim;
    const shares = shareTasks([fresh('a', { fingerprint: 'other' }), owner], partitions);
    expect(shares.get('a')).toEqual({ tasks: [], conflict: 'p' });
    expect(shares.get('z')?.tasks).toHaveLength(12);
  });

  it('believes the later generation where two members claim one task', () => {
    const task = { stage: 'source', topic: 'in', partition: 3 };
    const old = fresh('a', { generation: 4, owned: [task] });
    const now = fresh('b', { generation: 9, owned: [task] });
    const shares = shareTasks([old, now], partitions);
    expect(names(shares.get('b')?.tasks ?? [])).toContain(keyOf(task));
    expect(names(shares.get('a')?.tasks ?? [])).not.toContain(keyOf(task));
  });
});

describe('group protocol', () => {
  it('gives claims and tasks back as they were', () => {
    const claim = fresh('m', { generation: 7, owned: [{ stage: 'source', topic: 'in', partition: 6 }] });
    expect(decodeClaim('m', encodeClaim(claim))).toEqual(claim);
    const tasks = { tasks: [...claim.owned, { stage: 'by-id', topic: 'between', partition: 0 }], conflict: 'x' };
    expect(decodeTasks(encodeTasks(tasks))).toEqual(tasks);
  });

  it('takes a member that is none of ours for nobody', () => {
    expect(decodeClaim('m', Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))).toBeUndefined();
  });
});
