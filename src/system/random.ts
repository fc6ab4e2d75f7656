import { randomBytes } from 'node:crypto'

/** Random bytes fit for keys, as base64. */
export const randomBase64 = (bytes: number): string => randomBytes(bytes).toString('base64')

/** The same items in a random order; nothing depends on how random it is. */
export const shuffled = <T>(items: readonly T[]): readonly T[] =>
  items
    .map((item) => ({ item, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)
