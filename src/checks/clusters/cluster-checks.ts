import { ApiError } from '../../k8s/api.ts'
import { BROKER_NAMESPACE, CLUSTER_LABEL, GATEWAY_LABEL } from '../../model/names.ts'
import { overlaps, parseCidr } from '../../model/net.ts'
import type { Cluster } from '../../model/resources.ts'
import type { Check, Verdict } from '../check.ts'
import { isRenewed } from '../lease.ts'
import { ALONE, activeGateways, isOwn, type Look, remoteIds } from '../look.ts'
import type { CheckContext } from '../subject.ts'
import { notAccepted } from './broker-access.ts'
import { copiesKept, departedIds, membership } from './departed.ts'

const ok = (note?: string): Verdict => ({ is: 'ok', ...(note !== undefined && { note }) })

/** Questions about one cluster's objects: is it joined, led, and known to the others. */
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
          reason: `${broker.server} does not hold this cluster's Endpoint`,
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
      const { members, departed } = await membership(context, seen)
      const unknown = members.filter((id) => id !== seen.clusterId && !remoteIds(seen).includes(id))
      if (unknown.length > 0)
        return {
          is: 'failed',
          reason: `the broker has ${unknown.join(', ')}, this cluster's API does not`,
          hint: 'see the log of the engine on the active gateway: it names what it refuses',
        }
      if (departed.length > 0) return copiesKept(seen, departed, context.clock.now())
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

/** Asks the broker, without writing anything, to take an object of a cluster that is not this one: it has to refuse. */
async function triedAsAnother(context: CheckContext): Promise<Verdict> {
  const { settings, clusterId } = await context.look()
  const broker = await context.broker()
  const another = clusterId === 'subctl-verify' ? 'subctl-verify-2' : 'subctl-verify'
  const object: Cluster = {
    apiVersion: 'submariner.io/v1',
    kind: 'Cluster',
    metadata: {
      name: another,
      namespace: settings.BROKER_K8S_REMOTENAMESPACE ?? BROKER_NAMESPACE,
      labels: { [CLUSTER_LABEL]: another },
    },
    spec: { cluster_id: another, color_codes: ['blue'], cluster_cidr: [], service_cidr: [], global_cidr: [] },
  }
  try {
    await broker.create(object, { dryRun: true })
  } catch (error) {
    if (error instanceof ApiError && (error.code === 403 || error.code === 422)) return ok('refused when tried')
    throw error
  }
  return {
    is: 'warning',
    reason: `the broker would take an object of cluster "${another}" from cluster "${clusterId}": rights are shared`,
    hint: 'move the broker to Kubernetes 1.30 or later, or to `subctl serve-broker`, and run `subctl deploy-broker` again',
  }
}

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
