// What the nodes of this cluster reach, for the time in which nobody leads its gateways: what a Gateway said that has died since stays in its object.
import type { KubeApi } from '../k8s/api.ts'
import { watchLeader } from '../k8s/leader.ts'
import { type Copy, type Feed, openFeed } from '../k8s/store.ts'
import { GATEWAY_LEASE } from '../model/names.ts'
import { type NodeWords, nodeWords } from '../model/reach-words.ts'
import type { RouteAgent } from '../model/resources.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../system/log.ts'

export interface Nodes {
  /**
   * What the route agents say while nobody leads the gateways; undefined while somebody does, or that is not known. Where there is one gateway alone nobody can
   * take over, so that they are heard as soon as a second look finds its renewal still late.
   */
  words(gateways: readonly object[]): readonly NodeWords[] | undefined
  /** Settles when the signal has ended it. */
  readonly ended: Promise<void>
}
export interface NodesOptions {
  /** Of the agents. */
  readonly namespace: string
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
  /** Called when the words are others. */
  readonly onChange: () => void
}

/** An agent that reaches a cluster writes its times once a minute. One that has not for so long may have died since: it reaches none any more. */
export const STILL_MS = 150_000

/** Route agents are read only while renewals of the lease are missing. */
export function openNodes(api: KubeApi, { namespace, clock, log, signal, onChange }: NodesOptions): Nodes {
  let copy = openHeard()
  let feed: Feed | undefined
  let stop = new AbortController()
  const ends = new Set<Promise<void>>()
  let known = ''
  const heard = (isHeard: boolean): readonly NodeWords[] | undefined => (isHeard ? copy.words(leader.quietMs < STILL_MS) : undefined)
  const tell = (): void => {
    const text = textOf(heard(leader.quietMs > 0)) + leader.isGone
    if (text === known) return
    known = text
    onChange()
  }
  const listen = (): void => {
    if (leader.isLate && feed === undefined) {
      stop = new AbortController()
      copy = openHeard()
      const all = AbortSignal.any([signal, stop.signal])
      feed = openFeed(api, 'RouteAgent', copy, { clock, log, signal: all, query: { namespace }, onChange: tell })
      const ended = feed.ended.finally(() => ends.delete(ended))
      ends.add(ended)
    } else if (!leader.isLate) {
      stop.abort()
      feed = undefined
    }
    tell()
  }
  const leader = watchLeader(api, { name: GATEWAY_LEASE, namespace }, { clock, log, signal, onChange: listen })
  const words: Nodes['words'] = ({ length }) => heard(leader.isGone || (length < 2 && leader.quietMs > 0))
  return { words, ended: leader.ended.then(() => Promise.all(ends)).then(() => undefined) }
}

const textOf = (all: readonly NodeWords[] | undefined): string =>
  all === undefined ? '' : JSON.stringify(all.map(({ node, words }) => [node, ...[...words].sort()]).sort())

interface Heard extends NodeWords {
  readonly version: string | undefined
  /** Whether it has been written since the first list. */
  readonly isNew: boolean
}

function openHeard(): Copy<RouteAgent, Heard> & { words(isOldTrue: boolean): readonly NodeWords[] } {
  let heard: ReadonlyMap<string, Heard> | undefined
  const take = (object: RouteAgent): Heard => ({
    ...nodeWords(object),
    version: object.metadata.resourceVersion,
    isNew: heard !== undefined,
  })
  const newer = (one: Heard): Heard => {
    const old = heard?.get(one.node)
    return old?.version === one.version && old !== undefined ? old : { ...one, isNew: heard !== undefined }
  }
  const set = (next: ReadonlyMap<string, Heard>): boolean => {
    const isChanged = heard === undefined || next.size !== heard.size || [...next].some(([node, one]) => heard?.get(node) !== one)
    heard = next
    return isChanged
  }
  return {
    take,
    put: (object) => set(new Map(heard).set(object.metadata.name, newer(take(object)))),
    gone(object) {
      const next = new Map(heard)
      next.delete(object.metadata.name)
      return set(next)
    },
    reset: (items) => set(new Map(items.map((item) => [item.node, newer(item)]))),
    words: (isOldTrue) => [...(heard?.values() ?? [])].map((one) => (one.isNew || isOldTrue ? one : { ...one, words: onlyFailed(one) })),
  }
}

const onlyFailed = ({ words }: NodeWords): NodeWords['words'] => new Map([...words].filter(([, word]) => word === 'failed'))
