// One pass between this cluster's API and the broker: own objects made true here, ours sent up, the others' fetched down.
import type { KubeApi } from '../k8s/api.ts'
import type { Store } from '../k8s/store.ts'
import type { Refusal } from '../model/decode.ts'
import type { Diff } from '../model/diff.ts'
import { BROKER_UID, KEPT_UNTIL } from '../model/names.ts'
import type { Cluster, Endpoint } from '../model/resources.ts'
import type { Clock } from '../system/clock.ts'
import type { Log } from '../system/log.ts'
import { judgeLoss, keptUntil, type Loss, noticedAtOf } from './loss.ts'
import { openNarrowing, type Sides } from './narrow.ts'
import { planOwn } from './own.ts'
import { isOwn, keyOf, labelOf, planSync, type Shared, type SyncPlan } from './sync.ts'
import { write } from './write.ts'

/** An API's Clusters and Endpoints in one namespace. */
export interface Side {
  readonly api: KubeApi
  readonly namespace: string
  readonly clusters: Store<Cluster>
  readonly endpoints: Store<Endpoint>
}

export interface ExchangeOptions {
  readonly clusterId: string
  readonly clusterUid: string | undefined
  readonly local: Side
  /** Undefined for a cluster without a broker. */
  readonly broker: Side | undefined
  /** Asked before anything is written: a gateway that has been cut off may not know yet that another leads. */
  readonly isLeader: () => Promise<boolean>
  readonly clock: Clock
  readonly log: Log
}

/** What the leading gateway wants of its cluster's own objects now. */
export interface OwnWish {
  readonly cluster: Cluster
  readonly endpoint: Endpoint
  /** `ahead`: on the broker alone, while the tunnels come up; `published`: here too, and alone here; `settled`: alone on the broker too. */
  readonly stage: 'ahead' | 'published' | 'settled'
}

export interface ExchangeState {
  readonly refused: readonly Refusal[]
  /** uid of the other cluster that holds our id on the broker. */
  readonly duplicate: string | undefined
  readonly brokerLost: boolean
  /** Whether our Endpoint is on the broker as wished, as far as the store has heard. */
  readonly isUp: boolean
}

export interface Exchange {
  pass(wish: OwnWish): Promise<void>
  readonly state: ExchangeState
}

export function openExchange(options: ExchangeOptions): Exchange {
  const { clock, local, broker } = options
  const log = options.log.with({ loop: 'sync' })
  let state: ExchangeState = { refused: [], duplicate: undefined, brokerLost: false, isUp: false }
  const narrowing = openNarrowing(options.clusterId)
  let noticedAt: number | undefined
  /** What was to go from the broker at the last pass: said once, however often it is refused. */
  let going: ReadonlySet<string> = new Set()

  /** Looks for a loss of the broker's data; the uid to remember, where there is a new one. */
  const lookForLoss = (side: Side, { broker: there, local: mine }: Sides): Loss => {
    const own = there.filter((object) => isOwn(options, object))
    const notes = mine.find((object) => object.kind === 'Cluster' && isUnlabelled(options, object))?.metadata.annotations ?? {}
    const now = clock.now()
    noticedAt ??= noticedAtOf(notes[KEPT_UNTIL])
    const isHeard = [side.clusters, side.endpoints].every((store) => noticedAt !== undefined && store.heardMs() <= now - noticedAt)
    const isComplete = (): boolean => {
      const has = new Set(there.map(originOf))
      return mine.every((object) => labelOf(object) === undefined || has.has(originOf(object)))
    }
    const loss = judgeLoss({
      remembered: notes[BROKER_UID],
      clusterUid: own.find(({ kind }) => kind === 'Cluster')?.metadata.uid,
      hasEndpoint: own.some(({ kind }) => kind === 'Endpoint'),
      isComplete: isHeard && isComplete(),
      ...{ noticedAt, now },
    })
    if (loss.isLost && noticedAt === undefined)
      log.warn('the broker has this cluster’s objects no more: publishing again, copies of the others are kept', {
        until: keptUntil(loss.noticedAt),
      })
    if (!loss.isLost && noticedAt !== undefined) log.info('copies of clusters that the broker has no more are kept no longer')
    noticedAt = loss.noticedAt
    return loss
  }
  const report = (plan: SyncPlan): void => {
    if (plan.duplicate !== undefined && state.duplicate === undefined)
      log.warn('SUB0304: another cluster holds this cluster’s id on the broker: nothing is published', {
        cluster: options.clusterId,
        uid: plan.duplicate,
      })
    for (const object of plan.up.drop)
      if (!going.has(keyOf(object)))
        log.info('an object of this cluster that is not here goes from the broker', { object: object.kind, name: object.metadata.name })
    going = new Set(plan.up.drop.map(keyOf))
  }

  /** What goes up and down now, and the uid to remember, where there is a new one. */
  const plan = (side: Side, wish: OwnWish, mine: readonly Shared[]): Planned => {
    const all: Sides = { local: mine, broker: [...side.clusters.all(), ...side.endpoints.all()] }
    const part = narrowing.narrow(all)
    const { isLost, remember, noticedAt: since } = lookForLoss(side, part)
    const until = keptUntil(since)
    // At the first start of all, what goes to the broker need not wait until it has come back from this cluster's API.
    const isHere = part.local.some((object) => object.kind === 'Cluster' && isUnlabelled(options, object))
    const isFirst = !isHere && local.clusters.heardMs() < Number.POSITIVE_INFINITY
    // Clusters and Endpoints are watched apart: one just written may not have come back yet, and must not go from the broker for that.
    const isEndpointHere = part.local.some((object) => keyOf(object) === keyOf(wish.endpoint) && isUnlabelled(options, object))
    const sync = planSync({
      clusterId: options.clusterId,
      clusterUid: options.clusterUid,
      namespace: local.namespace,
      brokerNamespace: side.namespace,
      ...(isLost ? all : part),
      ahead: isFirst ? [wish.cluster, wish.endpoint] : wish.stage === 'ahead' || (isHere && !isEndpointHere) ? [wish.endpoint] : [],
      settled: wish.stage === 'settled',
      brokerLost: isLost,
    })
    narrowing.found(all, isLost ? undefined : sync)
    report(sync)
    const isUp = part.broker.some(({ metadata }) => metadata.name === wish.endpoint.metadata.name)
    state = { refused: sync.refused, duplicate: sync.duplicate, brokerLost: isLost, isUp }
    const notes = { ...(remember !== undefined && { [BROKER_UID]: remember }), ...(until !== undefined && { [KEPT_UNTIL]: until }) }
    return { ...sync, notes, without: until === undefined ? [KEPT_UNTIL] : [] }
  }
  /** All three at once, so that a broker that is away holds up nothing at home; then the first failure is thrown. */
  const writeAll = async (up: Diff<Shared>, down: Diff<Shared>, own: Diff<Shared>): Promise<void> => {
    const todo = [
      { side: 'here', api: local.api, diff: own },
      { side: 'here', api: local.api, diff: down },
      { side: 'broker', api: broker?.api, diff: up },
    ].flatMap(({ side, api, diff }) => (api === undefined || isEmpty(diff) ? [] : [{ side, api, diff }]))
    if (todo.length === 0) return
    if (!(await options.isLeader())) throw new Error('the lease is not this gateway’s now: nothing is written')
    const done = await Promise.allSettled(
      todo.map(async ({ side, api, diff }) => {
        for (const line of await write(api, diff)) log.info(line, { side })
      }),
    )
    for (const result of done) if (result.status === 'rejected') throw result.reason
  }

  return {
    get state() {
      return state
    },
    async pass(wish) {
      const mine = [...local.clusters.all(), ...local.endpoints.all()]
      // Before the first list of either kind nothing is known, and what is not known is not touched.
      const isKnown =
        broker !== undefined &&
        broker.clusters.heardMs() < Number.POSITIVE_INFINITY &&
        broker.endpoints.heardMs() < Number.POSITIVE_INFINITY
      const { up, down, notes, without } = isKnown ? plan(broker, wish, mine) : NOTHING
      const own = planOwn({
        clusterId: options.clusterId,
        local: mine,
        cluster: { ...wish.cluster, metadata: { ...wish.cluster.metadata, annotations: notes } },
        without,
        endpoint: wish.stage === 'ahead' ? undefined : wish.endpoint,
      })
      await writeAll(up, down, own)
    },
  }
}

/** With annotations that this cluster's own Cluster is to have, and to have no more. */
type Planned = Pick<SyncPlan, 'up' | 'down'> & { readonly notes: Readonly<Record<string, string>>; readonly without: readonly string[] }
const NOTHING: Planned = { up: { put: [], drop: [] }, down: { put: [], drop: [] }, notes: {}, without: [] }
const originOf = (object: Shared): string => `${object.kind} ${labelOf(object)}`
const isUnlabelled = ({ clusterId }: ExchangeOptions, object: Shared): boolean =>
  labelOf(object) === undefined && object.spec?.cluster_id === clusterId
const isEmpty = ({ put, drop }: Diff<Shared>): boolean => put.length === 0 && drop.length === 0
