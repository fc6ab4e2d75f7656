// What is said to charon, as values. Pure.
import type { WantedConnection } from './connection.ts'

/** `later`: where it still has to be done after a while, since the other side or charon may do it first. `sparingly`: a few times only, since not all peers want it. */
export type When = 'now' | 'later' | 'sparingly'

export type Step =
  | { readonly what: 'load'; readonly connection: WantedConnection }
  | { readonly what: 'unload'; readonly name: string }
  | EndStep
  | { readonly what: 'endChild'; readonly when: When; readonly id: string; readonly name: string; readonly why: string }
/** Ends an IKE SA with all its children, also where the peer does not answer. */
export interface EndStep {
  readonly what: 'end'
  readonly when: When
  readonly id: string
  readonly name: string
  readonly why: string
}
