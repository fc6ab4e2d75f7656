// Services across clusters, tried: each cluster exports two, all import them, ask their names and reach them, each its own too; then they are taken back.
import type { ServiceFindings, Tried, TriedFetch, TriedName } from '../../checks/services/tried.ts'
import type { CheckContext } from '../../checks/subject.ts'
import { messageOf } from '../../model/errors.ts'
import type { PodRun } from './pod-run.ts'
import { awaitDropped, awaitImport, type Way } from './service-imports.ts'
import { addressesOf, type Member, membersOf, type Share } from './service-members.ts'
import { type Asked, askNames, awaitForgotten } from './service-names.ts'
import { KINDS, serviceName, testExport, testService } from './service-objects.ts'
import { fetchAll } from './service-pods.ts'

/** Exports, imports, asks, fetches and takes back, once, in all clusters that have pods of this run and agents of services. */
export async function tryServices(all: readonly CheckContext[], pods: PodRun, signal: AbortSignal): Promise<ServiceFindings> {
  const { skipped: without } = await pods.findings(signal)
  const skipped = new Map(without)
  const failed = new Map<string, string>()
  const members = await membersOf(all, pods.grounds(), { skipped, failed })
  if (members.length < 2) {
    for (const { context } of members) skipped.set(context.name, 'no other cluster of this run has pods and agents of services')
    return { skipped, failed, tried: [] }
  }
  const exported = await Promise.all(
    members.map((member) =>
      exportAll(member).catch((error: unknown) => {
        failed.set(member.context.name, messageOf(error))
        return []
      }),
    ),
  )
  const tried = await follow(members, exported.flat(), signal)
  return { skipped, failed, tried }
}

type Exported = Pick<Share, 'exporter' | 'ownIp'> & Pick<Way, 'kind' | 'sinceMs'>

async function exportAll(exporter: Member): Promise<readonly Exported[]> {
  const { ground, place } = exporter
  const { api, clock, namespace } = ground.cluster
  return Promise.all(
    KINDS.map(async (kind): Promise<Exported> => {
      const service = await api.create(testService(kind, place, namespace))
      const sinceMs = clock.now()
      await api.create(testExport(kind, place, namespace))
      return { kind, exporter, sinceMs, ownIp: kind === 'headless' ? '' : (service.spec?.clusterIP ?? '') }
    }),
  )
}

async function follow(members: readonly Member[], exported: readonly Exported[], signal: AbortSignal): Promise<readonly Tried[]> {
  const each = await Promise.all(
    members.map(async (importer) => {
      const isOwn = ({ exporter }: Exported): number => Number(exporter === importer)
      const othersFirst = exported.toSorted((a, b) => isOwn(a) - isOwn(b))
      const shares = await Promise.all(othersFirst.map((one) => importOf(importer, one, signal)))
      const usable = shares.filter(({ imported }) => 'ms' in imported)
      const addresses = [...new Set(usable.flatMap(addressesOf))]
      const [asked, fetched] = await Promise.all([askNames(importer, usable, signal), fetchAll(importer.ground, addresses, signal)])
      return { shares, asked, fetched }
    }),
  )
  const sinceMs = members[0]?.ground.cluster.clock.now() ?? 0
  await Promise.all(exported.map(takeBack))
  const ended = each.map(({ shares, asked, fetched }) =>
    Promise.all(
      shares.map((share) =>
        conclude(share, { asked, fetched: fetched.filter((one) => addressesOf(share).includes(one.address)), sinceMs, signal }),
      ),
    ),
  )
  return (await Promise.all(ended)).flat()
}

async function importOf(importer: Member, { exporter, ownIp, kind, sinceMs }: Exported, signal: AbortSignal): Promise<Share> {
  const { ground, place } = exporter
  const backends = kind === 'headless' ? ground.servers.length : 1
  const way = { kind, place, exporter: exporter.context.name, from: ground.cluster, to: importer.ground.cluster, backends, sinceMs }
  try {
    const { waited, ips } = await awaitImport(way, signal)
    return { way, exporter, importer, ownIp, ips, imported: waited }
  } catch (error) {
    return { way, exporter, importer, ownIp, ips: [], imported: { why: messageOf(error) } }
  }
}

const takeBack = async ({ exporter: { ground, place }, kind }: Exported): Promise<void> => {
  await ground.cluster.api.remove('ServiceExport', serviceName(kind, place), ground.cluster.namespace)
}

interface Rest {
  readonly asked: readonly Asked[]
  readonly fetched: readonly TriedFetch[]
  /** When it was taken back. */
  readonly sinceMs: number
  readonly signal: AbortSignal
}
async function conclude(share: Share, { asked, fetched, sinceMs, signal }: Rest): Promise<Tried> {
  const { way, exporter, importer, imported } = share
  const mine = asked.filter((one) => one.share === share)
  const names: readonly TriedName[] = mine.map(({ tried }) => tried)
  const [dropped, forgotten] =
    'why' in imported ? [] : await Promise.all([awaitDropped(way, sinceMs, signal), awaitForgotten(mine, sinceMs, signal)])
  return {
    kind: way.kind,
    service: `${way.to.namespace}/${serviceName(way.kind, way.place)}`,
    exporter: exporter.context.name,
    importer: importer.context.name,
    imported,
    names,
    fetched,
    ...(dropped !== undefined && { dropped }),
    ...(forgotten !== undefined && { forgotten }),
  }
}
