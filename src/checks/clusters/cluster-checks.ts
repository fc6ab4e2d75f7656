import { brokerState } from '../../model/gateway-status.ts'
import { BROKER_NAMESPACE, CLUSTER_LABEL, GATEWAY_LABEL } from '../../model/names.ts'
import { overlaps, parseCidr } from '../../model/net.ts'
import type { Check, Verdict } from '../check.ts'
import { isRenewed } from '../lease.ts'
import { firstOf } from '../listing.ts'
import { ALONE, activeGateways, isOwn, type Look, remoteIds } from '../look.ts'
import { REFUSED_HINT, refusals } from '../paths/refused.ts'
import type { CheckContext } from '../subject.ts'
import { notAccepted } from './broker-access.ts'
import { copiesKept, departedIds, membership } from './departed.ts'
import { triedAsAnother } from './rights.ts'

const ok = (note?: string): Verdict => ({ is: 'ok', ...(note !== undefined && { note }) })

/** Questions about one cluster's objects: is it joined, led, and known to the others. */
/** What its gateway says of the way there. */
function wayOf(look: Look): string {
  const state = brokerState(activeGateways(look)[0]?.metadata.annotations)
  return state === undefined || state.isReached ? '' : `; its gateway does not reach it: ${state.why}`
}

export const CLUSTER_CHECKS: readonly Check<CheckContext>[] = [
  {
    id: 'SUB0601',
    name: 'the API answers',
    async run({ api }) {
      const version: unknown = JSON.parse(await api.raw('/version'))
      const git =
        typeof version === 'object' && version !== null && 'gitVersion' in version ? String(version.gitVersion) : 'of unknown version'
      return ok(`${api.server} is ${git}`)
    },
  },
  {
    id: 'SUB0602',
    name: 'the cluster has joined a clusterset',
    needs: ['SUB0601'],
    async run(context) {
      const { clusterId, missing } = await context.look()
      if (missing.length > 0)
        return {
          is: 'failed',
          reason: `the API does not serve ${missing.join(', ')}`,
          hint: 'run `subctl join broker-info.subm --cluster-id NAME`',
        }
      if (clusterId === undefined) {
        return {
          is: 'failed',
          reason: `there are no settings in namespace ${context.namespace}`,
          hint: 'run `subctl join broker-info.subm --cluster-id NAME`',
        }
      }
      const faults = await context.settingsFaults()
      if (faults.length > 0)
        return {
          is: 'failed',
          reason: `agents that start now refuse ${faults.join('; ')}`,
          hint: 'join again, with the flags of then and right ones: `subctl join broker-info.subm --cluster-id NAME --force-conflicts` writes the settings anew',
          // Agents that run have read what was there before.
          isPartial: true,
        }
      return ok(`its id is "${clusterId}"`)
    },
  },
  {
    id: 'SUB0603',
    name: 'there are gateway nodes',
    needs: ['SUB0602'],
    async run(context) {
      const gateways = (await context.look()).nodes.filter((node) => node.metadata.labels?.[GATEWAY_LABEL] === 'true')
      if (gateways.length === 0)
        return {
          is: 'failed',
          reason: `no node has the label ${GATEWAY_LABEL}=true`,
          hint: `run \`kubectl label node NODE ${GATEWAY_LABEL}=true\``,
        }
      const names = gateways.map((node) => node.metadata.name).join(', ')
      return gateways.length > 1
        ? ok(names)
        : { is: 'warning', reason: `${names} alone: when it fails, nobody takes over`, hint: `label a second node ${GATEWAY_LABEL}=true` }
    },
  },
  {
    id: 'SUB0604',
    name: 'one gateway leads',
    needs: ['SUB0603'],
    patienceMs: 10_000,
    async run(context, signal) {
      const { lease, ...rest } = await context.look()
      const holder = lease?.spec?.holderIdentity ?? ''
      if (lease === undefined || holder === '')
        return { is: 'failed', reason: 'no gateway holds the lease', hint: 'see the log of the engine on the gateway nodes' }
      const active = activeGateways({ lease, ...rest })
      if (active.length !== 1)
        return { is: 'failed', reason: `${active.length} gateways say that they are active`, hint: 'run `subctl show gateways`' }
      if (!(await isRenewed(context, lease, signal)))
        return { is: 'failed', reason: `${holder} holds the lease and does not renew it`, hint: 'see the log of the engine on that node' }
      return ok(active[0]?.metadata.name)
    },
  },
  {
    id: 'SUB0605',
    name: 'the cluster publishes one Endpoint, of its active gateway',
    needs: ['SUB0604'],
    patienceMs: 10_000,
    async run(context) {
      const seen = await context.look()
      const own = seen.endpoints.filter((endpoint) => isOwn(seen, endpoint))
      const active = activeGateways(seen)[0]
      if (own.length !== 1)
        return { is: 'failed', reason: `there are ${own.length} Endpoints of this cluster`, hint: 'run `subctl show endpoints`' }
      const [endpoint] = own
      if (endpoint?.spec.cable_name !== active?.status.localEndpoint?.cable_name) {
        return {
          is: 'failed',
          reason: `the Endpoint is of ${endpoint?.spec.hostname}, the active gateway is ${active?.metadata.name}`,
          hint: 'see the log of the engine on that node',
        }
      }
      return ok(endpoint?.metadata.name)
    },
  },
  {
    id: 'SUB0606',
    name: 'the broker answers this cluster and holds its objects',
    needs: ['SUB0602'],
    patienceMs: 10_000,
    async run(context) {
      const seen = await context.look()
      const broker = await context.broker()
      const namespace = seen.settings.BROKER_K8S_REMOTENAMESPACE ?? BROKER_NAMESPACE
      const query = { namespace, labels: { [CLUSTER_LABEL]: seen.clusterId ?? '' } }
      const published = (await broker.list('Endpoint', query).catch(notAccepted)).items
      const own = seen.endpoints.find((endpoint) => isOwn(seen, endpoint))
      if (own !== undefined && !published.some((endpoint) => endpoint.spec?.cable_name === own.spec.cable_name)) {
        return {
          is: 'failed',
          reason: `${broker.server} does not hold this cluster's Endpoint${wayOf(seen)}`,
          hint: 'see the log of the engine on the active gateway',
        }
      }
      return ok(broker.server)
    },
  },
  {
    id: 'SUB0607',
    name: 'it knows every cluster of the clusterset',
    needs: ['SUB0606'],
    patienceMs: 10_000,
    async run(context) {
      const seen = await context.look()
      const { members, departed, owners } = await membership(context, seen)
      const refused = refusals(seen, owners)
      const unknown = members.filter((id) => id !== seen.clusterId && !remoteIds(seen).includes(id))
      if (unknown.length > 0)
        return {
          is: 'failed',
          reason: [`the broker has ${unknown.join(', ')}, this cluster's API does not`, ...firstOf(refused)].join('; '),
          hint: 'see the log of the engine on the active gateway: it names what it refuses',
        }
      if (departed.length > 0) return besides(copiesKept(seen, departed, context.clock.now()), refused)
      if (refused.length > 0) return { is: 'warning', reason: firstOf(refused).join('; '), hint: REFUSED_HINT }
      if (members.length < 2)
        return {
          is: 'warning',
          reason: `${ALONE}: the broker has no other`,
          hint: 'join another one: `subctl join broker-info.subm --cluster-id NAME --context OTHER`',
        }
      return ok(remoteIds(seen).join(', '))
    },
  },
  {
    id: 'SUB0608',
    name: 'no networks of the clusterset overlap',
    needs: ['SUB0602'],
    async run(context) {
      const seen = await context.look()
      const verdict = overlapping(seen, [])
      // Whoever has left does not overlap: SUB0607 tells of copies that are still here.
      return verdict.is === 'ok' ? verdict : overlapping(seen, await departedIds(context, seen))
    },
  },
  {
    id: 'SUB0609',
    name: "members of the broker cannot change each other's objects",
    needs: ['SUB0606'],
    run: triedAsAnother,
  },
]

/** What is wrong, and what is refused besides. */
const besides = (verdict: Verdict, refused: readonly string[]): Verdict =>
  'hint' in verdict ? { ...verdict, reason: [verdict.reason, ...firstOf(refused)].join('; ') } : verdict

function overlapping(seen: Look, without: readonly string[]): Verdict {
  const here = seen.clusters.filter(({ spec }) => !without.includes(spec?.cluster_id))
  const claims = here.flatMap(({ spec }) =>
    [...(spec?.cluster_cidr ?? []), ...(spec?.service_cidr ?? [])].flatMap((text) => {
      try {
        return [{ id: spec.cluster_id, cidr: parseCidr(text) }]
      } catch {
        return []
      }
    }),
  )
  const clash = claims.flatMap((a, i) =>
    claims
      .slice(i + 1)
      .flatMap((b) => (a.id !== b.id && overlaps(a.cidr, b.cidr) ? [`${a.cidr} of ${a.id} and ${b.cidr} of ${b.id}`] : [])),
  )
  return clash.length === 0
    ? ok()
    : { is: 'failed', reason: clash.join('; '), hint: 'one of the clusters must leave, and join again with other networks' }
}
