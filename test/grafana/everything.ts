/** A topology that moves every metric there is, in one process, and records for it. */
export const EVERYTHING = `name: everything
input: { topic: all, format: json, eventTime: ts, lateness: 5s }
steps:
  - { id: tidy, use: clean, with: { fields: { text: [trim] } } }
  - id: sane
    use: check
    with: { rules: [{ field: n, max: 95 }, { field: country, in: [de, fr], severity: warn }] }
  - { id: windows, use: check-window, from: tidy.out, with: { window: 1m, expect: [{ measure: mean, field: n, max: 10 }] } }
  - { id: profiled, use: profile, from: tidy.out, with: { window: { records: 500 }, metrics: { n: [mean, p95] } } }
  - id: watch
    use: detect-drift
    from: tidy.out
    with: { fields: { temperature: numeric }, reference: { records: 2000 }, falseAlarmEvery: { records: 1M } }
  - { id: votes, use: vote, from: tidy.out, with: { reportEvery: 100, close: { maxVotes: 4 } } }
  - id: spam
    use: label
    from: tidy.out
    with:
      rules:
        - { name: link, when: 'record.text.contains("http")', label: spam }
        - { name: short, when: 'size(record.text) < 10', label: ham }
        - { name: free, when: 'record.text.contains("free")', label: spam }
  - { id: repeats, use: dedup-queries, from: tidy.out, with: { query: sql, window: all } }
  - { id: alike, use: dedup-near, from: tidy.out, with: { kind: text, fields: [text], window: { records: 500 }, action: flag } }
  - { id: once, use: dedup, from: sane.out, with: { key: [id], window: 1h, scope: partition } }
output: { topic: all.curated }
outputs:
  once.duplicates: all.duplicates
  votes.out: all.labels
  repeats.out: all.queries
breaker: { open: { quarantined: 0.9, over: 1m }, action: divert }
slices: { over: [country], against: quarantined }
events: { score: 1m }
`;

const START = Date.UTC(2026, 0, 1);

/** Records `from` and on; `shift` moves the temperature. */
export function everythingRecords(from: number, count: number, shift = 0): string {
  return Array.from({ length: count }, (_, k) => {
    const i = from + k;
    const noise = ((i * 7919) % 1000) / 1000 + ((i * 104729) % 1000) / 1000;
    return `${JSON.stringify({
      ts: new Date(START + (i % 97 === 0 ? i - 300 : i) * 1000).toISOString(),
      id: `id-${i % 1500}`,
      n: i % 100,
      temperature: 20 + noise + shift,
      country: ['de', 'fr', 'it'][i % 3],
      item: `item-${Math.floor(i / 4)}`,
      voter: `voter-${i % 5}`,
      label: (i * 31) % 7 < 3 ? 'cat' : 'dog',
      sql: i % 50 === 0 ? 'SELECT now()' : `SELECT a FROM t WHERE b = ${i % 40}`,
      text: i % 2 === 0 ? ' free http://x.example ' : ' hello ',
    })}\n`;
  }).join('');
}

/** Rules that vote, and people who say whether they were right. */
export const FEEDBACK = `name: feedback
inputs:
  - { name: records, topic: claims, format: json }
  - { name: verdicts, topic: verdicts, format: json }
steps:
  - { id: one, use: repartition, with: { key: [id] } }
  - id: judged
    use: check
    with:
      verdict: label-model
      feedback: { input: verdicts, valid: valid, id: id }
      reportEvery: 100
      rules:
        - { name: a, field: a, max: 10 }
        - { name: b, field: b, max: 10 }
        - { name: c, field: c, max: 10 }
output: { topic: feedback.curated }
`;

export function feedbackRecords(): { readonly claims: string; readonly verdicts: string } {
  const claim = (i: number) => ({ id: `r${i}`, a: i % 20, b: (i * 3) % 20, c: (i * 7) % 20 });
  const lines = (n: number, of: (i: number) => unknown) =>
    Array.from({ length: n }, (_, i) => `${JSON.stringify(of(i))}\n`).join('');
  return { claims: lines(400, claim), verdicts: lines(100, (i) => ({ ...claim(i), id: `v${i}`, valid: i % 3 === 0 })) };
}
