import type { Import, Slice } from './objects.ts'

/** Whether what was read together with it is still so. */
export interface Epoch {
  readonly isCurrent: boolean
}
/** One service as it is now. It never changes: a change makes another one, and this one is no longer current. */
export interface Service extends Epoch {
  readonly import: Import
  readonly slices: readonly Slice[]
}
/** Which clusters can be reached. */
export interface Reach extends Epoch {
  isConnected(cluster: string): boolean
}

/** What answers are made of. */
export interface Directory {
  /** Whether everything has been read once: before, nothing can be said not to exist. */
  readonly isComplete: boolean
  service(namespace: string, name: string): Service | undefined
  /** Whether some service is imported into it. */
  hasNamespace(namespace: string): boolean
  /** Current until a service comes or goes. */
  readonly names: Epoch
  readonly reach: Reach
}
