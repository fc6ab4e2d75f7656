// Few rows for many settings: any two values of any two settings meet in at least one of them.

export type Factors = Readonly<Record<string, readonly (string | number)[]>>
export type Row<F extends Factors> = { readonly [K in keyof F]: F[K][number] }

/** Rows of the whole product in which each pair of values of two factors occurs; the same factors give the same rows. The next row is the one with most pairs that no row has yet. */
export function pairwise<F extends Factors>(factors: F): readonly Row<F>[] {
  const all = product(factors).map((row) => ({ row, pairs: pairsOf(row) }))
  const open = new Set(all.flatMap(({ pairs }) => pairs))
  const rows: Row<F>[] = []
  while (open.size > 0) {
    const gains = all.map(({ pairs }) => pairs.filter((pair) => open.has(pair)).length)
    const best = all[gains.indexOf(Math.max(...gains))]
    if (best === undefined) break
    for (const pair of best.pairs) open.delete(pair)
    rows.push(best.row)
  }
  return rows
}

/** Every row that there can be. */
export const product = <F extends Factors>(factors: F): readonly Row<F>[] =>
  Object.entries(factors).reduce<readonly Record<string, string | number>[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  ) as readonly Row<F>[]

/** The pairs that a row has in it. */
export const pairsOf = (row: Row<Factors>): readonly string[] => {
  const set = Object.entries(row)
  return set.flatMap((a, i) => set.slice(i + 1).map((b) => JSON.stringify([a, b])))
}
