import { randomBytes } from 'node:crypto'

/** Random bytes fit for keys, as base64. */
export const randomBase64 = (bytes: number): string => randomBytes(bytes).toString('base64')
