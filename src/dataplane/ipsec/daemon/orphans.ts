// With ESP in the kernel, SAs of a charon that was killed carry packets on: they go when the next charon has made them anew.
import { messageOf } from '../../../model/errors.ts'
import type { Clock } from '../../../system/clock.ts'
import type { Exec } from '../../../system/exec.ts'
import type { Log } from '../../../system/log.ts'
import type { OpenLocalSocket } from '../../../system/unix-socket.ts'
import { connectVici } from '../vici/vici.ts'
import type { Section, Value } from '../vici/vici-codec.ts'
import { type KernelPolicy, type KernelSa, readPolicies, readStates, removePolicy, removeState } from './leftovers.ts'

export interface OrphanOptions {
  readonly exec: Exec
  readonly clock: Clock
  readonly log: Log
  /** SPIs of all SAs that charon has, both ways. */
  readonly knownSpis: () => Promise<ReadonlySet<number>>
  readonly signal: AbortSignal
}

const LOOK_MS = 5_000
/** In 10 minutes, as long as a lost broker's objects are kept: nobody has asked for these SAs since charon started. */
const MOST_LOOKS = 120
/** An SA that is being made is in the kernel a moment before charon lists it. */
const SURE_LOOKS = 2

/**
 * Removes SAs of ours that charon does not know as soon as one that it knows stands in their place, or after 10 minutes; and policies that have no
 * SA. Ends when there are none, or with the signal.
 */
export async function retireOrphans(options: OrphanOptions): Promise<void> {
  const { exec, clock, log, signal } = options
  let before: Orphans = { states: [], policies: [] }
  for (let clean = 0, look = 1; clean < SURE_LOOKS; look += 1) {
    await clock.sleep(LOOK_MS, signal)
    if (signal.aborted) return
    try {
      const now = await readOrphans(options, look > MOST_LOOKS)
      for (const state of again(now.states, before.states)) if (state.isDue) log.info(await removeState(exec, state))
      for (const policy of again(now.policies, before.policies)) log.info(await removePolicy(exec, policy))
      clean = now.states.length + now.policies.length === 0 ? clean + 1 : 0
      before = now
    } catch (error) {
      log.debug('what a charon before has left could not be looked for', { error: messageOf(error) })
    }
  }
}

interface Orphans {
  readonly states: readonly (KernelSa & { readonly isDue: boolean })[]
  readonly policies: readonly KernelPolicy[]
}

/** The kernel is read before charon, and policies before SAs: what comes in between is nobody's orphan. */
async function readOrphans(options: OrphanOptions, isOld: boolean): Promise<Orphans> {
  const policies = await readPolicies(options.exec)
  const states = await readStates(options.exec)
  const spis = await options.knownSpis()
  const isKnown = ({ spi }: KernelSa): boolean => spis.has(Number(spi))
  const placeOf = ({ src, dst, reqid }: KernelSa): string => `${src} ${dst} ${reqid}`
  const taken = new Set(states.filter(isKnown).map(placeOf))
  const reqids = new Set(states.map(({ reqid }) => reqid))
  return {
    // One with SPI 0 is a packet's wish for an SA; the kernel forgets it soon.
    states: states
      .filter((state) => !isKnown(state) && Number(state.spi) !== 0)
      .map((state) => ({ ...state, isDue: isOld || taken.has(placeOf(state)) })),
    policies: policies.filter(({ reqid }) => !reqids.has(reqid)),
  }
}

/** Those that were there at the look before. */
function again<T extends KernelSa | KernelPolicy>(now: readonly T[], before: readonly T[]): readonly T[] {
  const keyOf = (one: T): string => ('spi' in one ? one.spi : `${one.src} ${one.dst} ${one.dir}`)
  const seen = new Set(before.map(keyOf))
  return now.filter((one) => seen.has(keyOf(one)))
}

/** The SPIs of a charon that is asked now. */
export async function spisOf(path: string, openSocket: OpenLocalSocket): Promise<ReadonlySet<number>> {
  using vici = await connectVici({ path, openSocket })
  const spis = new Set<number>()
  await vici.listen('list-sa', (event) => collect(event, spis))
  await vici.request('list-sas')
  return spis
}

function collect(section: Section, into: Set<number>): void {
  for (const [key, value] of Object.entries(section) as [string, Value][])
    if (typeof value === 'string' && (key === 'spi-in' || key === 'spi-out')) into.add(Number.parseInt(value, 16))
    else if (typeof value === 'object' && !Array.isArray(value)) collect(value as Section, into)
}
