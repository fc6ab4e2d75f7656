// NetworkPolicies against traffic from another cluster: nothing of ours bypasses them, and what they allow by address comes through.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { report } from '../lab/harness.ts'
import { clusterOf } from '../lab/layout.ts'
import { verify } from '../lab/subctl.ts'
import { until } from '../lab/until.ts'
import { type Bed, execOn, kubectl } from './bed.ts'
import { fetchFrom, podIp, runPods } from './bed-pods.ts'
import { refreshAll, startWorkload, workloadOf } from './calico.ts'
import { isProgram, kubeProgram } from './control-plane.ts'
import { describeImage, joinedBed } from './joined-harness.ts'

const NODES = ['gw1', 'w1'] as const
const CLIENTS = NODES.map((node) => `client-${node}`)
const PORT = 8080

interface Aim {
  /** What answers there. */
  readonly name: string
  readonly title: string
  readonly url: string
}

const describeEngine = isProgram(kubeProgram('kube-router')) ? describeImage : describe.skip

describeEngine('two clusters, with kube-router in east, and pods of security level restricted where a namespace says no other', () => {
  const test = joinedBed({ name: 'policytest', policy: ['east'], restricted: ['west', 'east'] })
  beforeAll(async () => {
    await test.up()
    await test.explained(async (bed) => void (await Promise.all([preparePods(bed, 'west'), preparePods(bed, 'east')])))()
  }, 400_000)
  afterAll(() => test.down(), 120_000)

  it(
    'keeps pods of west out of pods and services of east that no policy opens, on gateways and workers, also when we and kube-router write our rules again',
    test.explained(async (bed) => {
      const aims = await aimsOf(bed, 'east', ['web-gw1', 'web-w1'])
      const open = () => reached(bed, 'west', aims)
      await until('all is reached without a policy', async () => (await open()).length === 8, 60_000)
      await setPolicy(bed, [])
      await until('kube-router carries out the policy', async () => (await fetchFrom(bed, NEIGHBOUR, aims[0]?.url ?? '')) === '')
      expect(await open()).toEqual([])
      await Promise.all(['east-gw1', 'east-w1'].map((node) => loseJumps(bed, node)))
      expect(await open()).toEqual([])
      for (const node of ['east-gw1', 'east-w1']) {
        const [jump = ''] = (await forwardOf(bed, node)).filter((line) => line.includes('-j KUBE-ROUTER-FORWARD'))
        await execOn(bed, node, ['sh', '-c', `iptables-nft ${jump.replace('-A', '-D')}`])
      }
      // What makes it write its chains again.
      await setPolicy(bed, ['192.0.2.1/32'])
      const first = async (node: string): Promise<boolean> => (await forwardOf(bed, node))[0]?.includes('-j KUBE-ROUTER-FORWARD') === true
      await Promise.all(['east-gw1', 'east-w1'].map((node) => until(`${node} has kube-router's jump again`, () => first(node))))
      expect(await open()).toEqual([])
    }),
    180_000,
  )

  it(
    'lets in whom an ipBlock names by the other cluster’s addresses, and nobody else',
    test.explained(async (bed) => {
      const aims = await aimsOf(bed, 'east', ['web-gw1', 'web-w1'])
      await setPolicy(bed, [`${await podIp(bed, 'west', 'client-w1')}/32`])
      const ofWorker = aims.map(({ title }) => `client-w1 ${title}`)
      await until('the pod that is named is let in', async () => same(await reached(bed, 'west', aims), ofWorker))
      await setPolicy(bed, [clusterOf(bed.layout, 'west').podCidr])
      await until('the network that is named is let in', async () => (await reached(bed, 'west', aims)).length === 8)
      expect(await fetchFrom(bed, NEIGHBOUR, aims[0]?.url ?? '')).toBe('')
      await kubectl(bed, ['--context', 'east', 'delete', 'networkpolicy', '--all'])
    }),
    180_000,
  )

  it.each(['insert', 'append'] as const)(
    'holds to policies that stand in the packet filter as Calico writes them in mode %s, before and after each side has written again',
    (mode) =>
      test.explained(async (bed) => {
        const workloads = clusterOf(bed.layout, 'west').nodes.map(workloadOf)
        if (mode === 'insert') for (const workload of workloads) await startWorkload(bed, workload)
        const services = await Promise.all(workloads.map(({ name }) => serviceIp(bed, 'west', name)))
        // Ahead of a Calico that is last, kube-proxy accepts what it is about to masquerade: services are open to all who are outside, with us or without.
        const aims = workloads.flatMap(({ name, ip }, i) => bothWays(name, ip, services[i] ?? '').slice(0, mode === 'insert' ? 2 : 1))
        const [east, client] = [clusterOf(bed.layout, 'east').podCidr, `${await podIp(bed, 'east', 'client-w1')}/32`]
        const asked = async (...allowed: readonly string[]): Promise<readonly string[]> => {
          await refreshAll(bed, 'west', { mode, allowed })
          return reached(bed, 'east', aims)
        }
        await refreshAll(bed, 'west', { mode, allowed: [] })
        await Promise.all(workloads.map(({ node }) => until(`${node} rests`, () => isAtRest(bed, node, mode))))
        await until('kube-proxy leads to the workloads', async () => (await asked(east)).length === 2 * aims.length)
        expect(await asked()).toEqual([])
        await Promise.all(workloads.map(({ node }) => loseJumps(bed, node)))
        expect(await reached(bed, 'east', aims)).toEqual([])
        expect(await asked(client)).toEqual(aims.map(({ title }) => `client-w1 ${title}`))
        for (const { node } of workloads) expect([node, await isAtRest(bed, node, mode)]).toEqual([node, true])
      })(),
    180_000,
  )

  it(
    'is verified by pods where restricted is what namespaces are, and nothing of them is left',
    test.explained(async (bed) => {
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: { containers: [{ name: 'x', image: 'x' }] } }
      await expect(
        kubectl(bed, ['--context', 'west', '-n', 'kube-public', 'create', '-f', '-'], { input: JSON.stringify(pod) }),
      ).rejects.toThrow('violates PodSecurity "restricted:latest"')
      const from = Date.now()
      expect(await verify(bed, ['west', 'east'])).toEqual({ code: 0, failed: [] })
      report('verify with pods, two clusters', ((Date.now() - from) / 1000).toFixed(1), 's', '')
      for (const context of ['west', 'east'])
        expect(await kubectl(bed, ['--context', context, 'get', 'namespace', '-o', 'name'])).not.toContain('submariner-verify')
    }),
    180_000,
  )
})

const NEIGHBOUR = { context: 'east', pod: 'client-w1' }

/** Clients in both clusters, servers in east. Their namespace takes them, unlike others: busybox is root. */
async function preparePods(bed: Bed, context: string): Promise<void> {
  await kubectl(bed, ['--context', context, 'label', 'namespace', 'default', 'pod-security.kubernetes.io/enforce=privileged'])
  const pods = NODES.flatMap((node) => [
    { name: `client-${node}`, node: `${context}-${node}` },
    ...(context === 'east' ? [{ name: `web-${node}`, node: `${context}-${node}`, port: PORT }] : []),
  ])
  await runPods(bed, context, pods)
}

const serviceIp = async (bed: Bed, context: string, name: string): Promise<string> =>
  (await kubectl(bed, ['--context', context, 'get', 'service', name, '-o', 'jsonpath={.spec.clusterIP}'])).trim()

const bothWays = (name: string, ip: string, service: string): readonly Aim[] => [
  { name, title: name, url: `http://${ip}:${PORT}/` },
  { name, title: `service of ${name}`, url: `http://${service}/` },
]
const aimsOf = async (bed: Bed, context: string, names: readonly string[]): Promise<readonly Aim[]> =>
  (
    await Promise.all(names.map(async (name) => bothWays(name, await podIp(bed, context, name), await serviceIp(bed, context, name))))
  ).flat()

/** Who of a cluster's clients reaches what, such as "client-w1 service of web-gw1"; all are asked at once. */
async function reached(bed: Bed, context: string, aims: readonly Aim[]): Promise<readonly string[]> {
  const asked = CLIENTS.flatMap((pod) => aims.map((aim) => ({ pod, aim })))
  const answers = await Promise.all(asked.map(({ pod, aim }) => fetchFrom(bed, { context, pod }, aim.url)))
  return asked.flatMap(({ pod, aim }, i) => (answers[i] === aim.name ? [`${pod} ${aim.title}`] : []))
}
const same = (a: readonly string[], b: readonly string[]): boolean => a.join('\n') === b.join('\n')

/** The one policy of east's pods; without a network it lets nobody in. */
async function setPolicy(bed: Bed, networks: readonly string[]): Promise<void> {
  const policy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'web' },
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: networks.map((cidr) => ({ from: [{ ipBlock: { cidr } }] })),
    },
  }
  await kubectl(bed, ['--context', 'east', 'apply', '-f', '-'], { input: JSON.stringify(policy) })
}

const forwardOf = async (bed: Bed, node: string): Promise<readonly string[]> =>
  (await execOn(bed, node, ['iptables-nft-save', '-t', 'filter'])).stdout.split('\n').filter((line) => line.startsWith('-A FORWARD '))

/** Somebody removes our jumps. Done when the route agent has put them back. */
async function loseJumps(bed: Bed, node: string): Promise<void> {
  const ours = (await forwardOf(bed, node)).filter((line) => line.includes('SUBMARINER-'))
  for (const line of ours) await execOn(bed, node, ['iptables-nft', ...line.replace('-A', '-D').split(' ')])
  const count = async (): Promise<number> => (await forwardOf(bed, node)).filter((line) => line.includes('SUBMARINER-')).length
  expect(ours.length).toBeGreaterThan(0)
  await until(`${node} has its jumps again`, async () => (await count()) === ours.length)
}

/** Whether felix's jumps and ours stand where both leave them. */
async function isAtRest(bed: Bed, node: string, mode: 'insert' | 'append'): Promise<boolean> {
  const places = (await forwardOf(bed, node)).map((line) => / -j (\S+)$/.exec(line)?.[1] ?? '')
  const [cali, reject, forward] = ['cali-FORWARD', 'SUBMARINER-REJECT', 'SUBMARINER-FORWARD'].map((name) => places.indexOf(name))
  if (cali === undefined || reject === undefined || forward === undefined || reject === -1 || cali === -1) return false
  return mode === 'insert' ? cali === 0 && reject === 1 && forward > 1 : reject < cali && forward === -1
}
