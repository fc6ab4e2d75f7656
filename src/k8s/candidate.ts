import { apiVersionOf } from '../model/kinds.ts'
import type { Lease } from '../model/resources.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../system/log.ts'
import { ApiError, type KubeApi } from './api.ts'
import { held, holderOf, look, released, type Sight } from './contest.ts'

export interface LeaseName {
  readonly name: string
  readonly namespace: string
  /** This candidate. After a restart the same name leads on at once, so no two live candidates may share one. */
  readonly me: string
}

/** One candidate's reads and writes of the lease. None of them throws: the API may be away. */
export interface Candidate {
  /** Undefined before the first answer. */
  readonly sight: Sight | undefined
  /** When the last write that made the lease ours was begun: nobody may take it before a term after that. Undefined while it is not ours. */
  readonly heldAt: number | undefined
  /** Reads the lease; false without an answer. */
  look(): Promise<boolean>
  /** Makes the lease ours from now on if it still is as last seen; looks again where it is not. */
  hold(): Promise<boolean>
  /** Gives the lease back if it is ours. */
  release(): Promise<void>
}

export interface CandidateOptions {
  readonly clock: Clock
  readonly log: Log
  readonly termMs: number
  readonly renewMs: number
}

const RELEASE_TRIES = 5
const RELEASE_LIMIT_MS = 1_000

export function openCandidate(api: KubeApi, { name, namespace, me }: LeaseName, options: CandidateOptions): Candidate {
  const { clock, log, termMs, renewMs } = options
  const reader = api.within(termMs)
  // A slow write is given its time: a standby's is no faster, and it loses when ours comes first.
  const writer = api.within(termMs * 2)
  let sight: Sight | undefined
  let answeredAt: number | undefined
  let heldAt: number | undefined

  const read = async (): Promise<boolean> => {
    const began = clock.now()
    try {
      const lease = await reader.get('Lease', name, namespace)
      const prompt = clock.now() - began <= termMs / 2
      // Time in which the API was slow or away, the clock jumped or this process stood still is time in which nobody could be seen to renew.
      const since = answeredAt === undefined ? undefined : Math.min(Math.max(0, began - answeredAt), renewMs * 1.5)
      sight = look(sight, lease, prompt ? since : undefined)
      if (holderOf(lease) !== me) heldAt = undefined
      answeredAt = prompt ? clock.now() : undefined
      return true
    } catch (error) {
      log.debug('the lease cannot be read', { error: String(error) })
      answeredAt = undefined
      return false
    }
  }
  const write = async (to: KubeApi, lease: Lease): Promise<boolean> => {
    try {
      const began = clock.now()
      const written = lease.metadata.resourceVersion === undefined ? await to.create(lease) : await to.replace(lease)
      sight = look(sight, written, undefined)
      heldAt = holderOf(written) === me ? began : undefined
      return true
    } catch (error) {
      log.debug('the lease cannot be written', { error: String(error) })
      // Somebody else wrote it, or removed it.
      if (error instanceof ApiError && (error.code === 409 || error.code === 404)) await read()
      return false
    }
  }
  return {
    get sight() {
      return sight
    },
    get heldAt() {
      return heldAt
    },
    look: read,
    hold() {
      const before = sight?.lease
      const spec = held(before, me, clock.now(), termMs)
      return write(
        writer,
        before === undefined
          ? { apiVersion: apiVersionOf('Lease'), kind: 'Lease', metadata: { name, namespace }, spec }
          : { ...before, spec },
      )
    },
    async release() {
      const quick = api.within(RELEASE_LIMIT_MS)
      for (let tries = 0; tries < RELEASE_TRIES; tries += 1) {
        const lease = sight?.lease
        if (lease === undefined || holderOf(lease) !== me) return
        if (await write(quick, released(lease, clock.now()))) return
        await clock.sleep(RELEASE_LIMIT_MS / 10)
      }
      log.warn('the lease could not be given back: others have to wait for its term', { lease: name })
    },
  }
}
