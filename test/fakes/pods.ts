// As much of kubelets, of the controllers of Services and namespaces, and of a cluster's DNS as pods of `verify` meet in the sites of test/fakes/discovery.ts.
import { readName } from '../../src/discovery/dns/names.ts'
import { type Backend, SERVICE_ADDRESS } from '../../src/model/mcs.ts'
import { DONE_LINE, parseAim, writeAim } from '../../src/model/nettest.ts'
import type { NameResult } from '../../src/model/nettest-name.ts'
import type { Pod, Service } from '../../src/model/resources.ts'
import type { Site } from './discovery.ts'
import { podOf, podsOf } from './services.ts'

/** What a cluster's DNS says of a name; text: an error that the pod ends with. */
export type Dns = (name: string, site: Site) => Pick<NameResult, 'answers' | 'code'> | string
/** Whether an address is reached from a cluster. */
export type Reached = (ip: string, site: Site) => boolean

export interface Kubelets {
  dns: Dns
  reached: Reached
  /** What becomes of a pod that is new. */
  status: (pod: Pod, site: Site) => Pod['status']
}

const wordsAfter = (pod: Pod, flag: string): readonly string[] => {
  const args = pod.spec?.containers?.[0]?.args ?? []
  return args.flatMap((word, i) => (args[i - 1] === flag ? [word] : []))
}

/** Answers from ServiceImports and EndpointSlices, as CoreDNS does, or with names of single clusters as `subctl dns`. */
export function dnsOf(mode: 'multicluster' | 'own'): Dns {
  return (name, { api }) => {
    const read = readName(name.replace(/\.(clusterset\.local|apps\.example)$/, '').split('.'))
    if (read.kind !== 'service' || (read.cluster !== undefined && mode === 'multicluster')) return { code: 'NXDOMAIN' }
    const isOf = ({ metadata }: { readonly metadata: { readonly namespace?: string } }): boolean => metadata.namespace === read.namespace
    const imported = api.objects('ServiceImport').find((one) => isOf(one) && one.metadata.name === read.service)
    if (imported === undefined) return { code: 'NXDOMAIN' }
    if (imported.spec.type === 'ClusterSetIP' && read.cluster === undefined) return { answers: imported.spec.ips ?? [] }
    const backends = api
      .objects('EndpointSlice')
      .filter((one) => isOf(one) && one.metadata.labels?.['multicluster.kubernetes.io/service-name'] === read.service)
      .filter(
        ({ metadata }) => read.cluster === undefined || metadata.labels?.['multicluster.kubernetes.io/source-cluster'] === read.cluster,
      )
      .flatMap(({ metadata: { annotations }, endpoints }) => {
        // This cluster's own pods stand behind a Service of it, and are asked by that one's address.
        const address = annotations?.[SERVICE_ADDRESS]
        return address === undefined
          ? endpoints
          : [{ addresses: [address], conditions: { ready: endpoints.some(({ conditions }) => conditions?.ready !== false) } }]
      })
    return { answers: backends.filter(({ conditions }) => conditions?.ready !== false).flatMap(({ addresses }) => addresses) }
  }
}

/** The logs of pods grow as their DNS says other things: one memory for all pods of a test. */
export function openKubelets(sites: readonly Site[]): Kubelets & { readonly turn: () => void } {
  const logs = new Map<string, { readonly lines: string[]; readonly last: Map<string, string> }>()
  const kubelets = {
    dns: dnsOf('multicluster'),
    reached: (() => true) as Reached,
    status: ((pod, { n }) => ({ phase: 'Running', podIP: `10.${n}.9.${pod.metadata.name.length}` })) as Kubelets['status'],
    turn() {
      for (const site of sites) {
        endWithNamespaces(site)
        for (const pod of site.api.objects('Pod')) if (isOfVerify(pod)) runPod(site, pod)
        for (const service of site.api.objects('Service')) if (isOfVerify(service)) serve(site, service)
      }
    },
  }
  const runPod = (site: Site, pod: Pod): void => {
    const { name, namespace = '' } = pod.metadata
    const status = pod.status ?? kubelets.status(pod, site)
    if (pod.status === undefined && status !== undefined) site.api.put({ ...pod, status } as Pod)
    const key = `${site.id} ${namespace} ${name}`
    const log = logs.get(key) ?? { lines: [], last: new Map<string, string>() }
    logs.set(key, log)
    const say = (what: string, line: string): void => {
      if (log.last.get(what) !== line) log.lines.push(line)
      log.last.set(what, line)
    }
    for (const ask of wordsAfter(pod, '--ask')) {
      const answer = kubelets.dns(ask, site)
      say(ask, typeof answer === 'string' ? answer : nameLine(ask, answer, site))
      if (typeof answer === 'string') site.api.put({ ...pod, status: { ...status, phase: 'Failed' } } as Pod)
    }
    for (const aim of wordsAfter(pod, '--aim')) say(aim, aimLine(aim, kubelets.reached(parseAim(aim).ip, site)))
    site.api.answer(`/api/v1/namespaces/${namespace}/pods/${name}/log`, `${[...log.lines, DONE_LINE].join('\n')}\n`)
  }
  return kubelets
}

const isOfVerify = ({ metadata }: Pod | Service): boolean => metadata.namespace?.startsWith('submariner-verify-') === true

const nameLine = (ask: string, answer: Pick<NameResult, 'answers' | 'code'>, { n }: Site): string =>
  JSON.stringify({ ask, type: 'A', ok: (answer.answers ?? []).length > 0, ...answer, servers: [`10.96.${n}.10`], ms: 3 })
const aimLine = (aim: string, ok: boolean): string =>
  JSON.stringify({
    aim: writeAim(parseAim(aim)),
    ok,
    name: 'server',
    seen: '10.0.0.1',
    ms: 3,
    tries: 1,
    ...(!ok && { message: 'no answer' }),
  })

/** The pods behind a Service, and its address. */
function serve({ api, n }: Site, service: Service): void {
  const { name, namespace = '' } = service.metadata
  const [[label = '', value] = []] = Object.entries(service.spec?.selector ?? {})
  if (value === undefined) return
  if ((service.spec?.clusterIP ?? '') === '')
    api.put({ ...service, spec: { ...service.spec, type: 'ClusterIP', clusterIP: `100.${n}.8.${name.length}` } } as Service)
  const backends: readonly Backend[] = api
    .objects('Pod')
    .filter(({ metadata, status }) => metadata.namespace === namespace && metadata.labels?.[label] === value && status?.podIP !== undefined)
    .map(({ status }) => podOf(status?.podIP ?? ''))
  const slice = podsOf(name, backends, { ports: [{ name: 'tcp', protocol: 'TCP', port: 8080 }] }, { namespace })
  const before = api
    .objects('EndpointSlice')
    .find(({ metadata }) => metadata.name === slice.metadata.name && metadata.namespace === namespace)
  if (JSON.stringify(before?.endpoints) !== JSON.stringify(backends)) api.put(slice)
}

/** What is in a namespace goes with it. */
function endWithNamespaces({ api }: Site): void {
  const there = new Set(api.objects('Namespace').map(({ metadata }) => metadata.name))
  for (const kind of ['Pod', 'Service', 'EndpointSlice', 'ServiceExport', 'ServiceImport'] as const)
    for (const { metadata } of api.objects(kind))
      if (metadata.namespace?.startsWith('submariner-verify-') && !there.has(metadata.namespace))
        api.drop(kind, metadata.name, metadata.namespace)
}
