/** One line of a benchmark's result. Fewer than 100 samples have no 99th percentile: then `p99` is the maximum and the conditions say so. */
export interface Result {
  readonly bench: string
  readonly series: string
  readonly unit: string
  readonly samples: number
  readonly p50: number
  readonly p99: number
  readonly conditions: string
}

export interface Series {
  readonly bench: string
  readonly series: string
  readonly unit: string
  readonly values: readonly number[]
  readonly conditions: string
}

/** Median and 99th percentile by nearest rank, to four significant digits. */
export function result({ values, conditions, ...what }: Series): Result {
  if (values.length === 0) throw new RangeError(`${what.bench} [${what.series}] has no samples`)
  const sorted = [...values].sort((a, b) => a - b)
  const rank = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0
  const many = sorted.length >= 100
  return {
    ...what,
    samples: sorted.length,
    p50: round(rank(0.5)),
    p99: round(many ? rank(0.99) : rank(1)),
    conditions: many ? conditions : [conditions, 'p99 is the maximum'].filter((text) => text !== '').join('; '),
  }
}

const round = (value: number): number => Number(value.toPrecision(4))

/** The results as an aligned table, series in brackets. */
export function table(results: readonly Result[]): string {
  const head = ['BENCH', 'SERIES', 'UNIT', 'SAMPLES', 'P50', 'P99', 'CONDITIONS']
  const rows = results.map((r) => [r.bench, `[${r.series}]`, r.unit, String(r.samples), String(r.p50), String(r.p99), r.conditions])
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)))
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}
