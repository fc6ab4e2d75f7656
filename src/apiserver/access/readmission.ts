import type { Bearer } from './tokens.ts'

/**
 * Asked in data that were made anew over keys that were there before, of the bearer of a token that these keys have signed and whose account the data have not
 * had: the objects that it comes back with, its account and the Secret of its token among them, or undefined where it may not.
 */
export type Readmission = (bearer: Bearer) => readonly unknown[] | undefined
