// What join, verify and uninstall ask of the cluster's own DNS, on an API in memory.
import { expect, it } from '@jest/globals'
import { type NamesProgress, type NamesSettings, planNames, planUndo } from '../../src/commands/names/set-up.ts'
import { handClock } from '../fakes/clock.ts'
import { clusterOf } from '../fakes/clusters.ts'
import { coreDns } from '../fakes/core-dns.ts'
import type { FakeCluster } from '../fakes/kube.ts'
import { KUBEADM, LIGHTHOUSE } from '../install/names/corefiles.ts'

const wishOf = (over: Partial<NamesSettings>): NamesSettings => ({
  dns: 'auto',
  serviceDiscovery: true,
  zones: ['clusterset.local'],
  broker: { server: 'broker.example:6443', namespace: 'submariner-k8s-broker', secret: 'broker-west' },
  ...over,
})

const corefile = (cluster: FakeCluster): string | undefined => cluster.objects('ConfigMap')[0]?.data?.Corefile

function progress(): NamesProgress & { readonly said: string[] } {
  const clock = handClock()
  const said: string[] = []
  return { clock, signal: new AbortController().signal, deadline: clock.now() + 60_000, say: (text) => said.push(text), said }
}

it('a plan has the right and the lines that come, and says why; nothing is written', async () => {
  const cluster = coreDns('1.12.4')
  const api = cluster.api()
  const { mode, why, lines, notes } = await planNames(api, wishOf({ dns: 'auto' }))
  expect([mode, notes]).toEqual(['multicluster', []])
  expect(why).toMatch(/1\.12\.4 \(image coredns:1\.12\.4\)/)
  expect(lines.slice(0, 4)).toEqual([
    '+ ClusterRole submariner-cluster-dns',
    '+ ClusterRoleBinding submariner-cluster-dns',
    '~ ConfigMap kube-system/coredns Corefile',
    '    + # BEGIN subctl: written by "subctl join", taken away by "subctl uninstall"',
  ])
  expect(api.calls.filter((call) => !/^(get|list|raw) /.test(call))).toEqual([])
})

it('CoreDNS leaves out the namespaces of brokers: the usual one, the one that the settings name, and those on the cluster itself', async () => {
  const cluster = coreDns('1.12.4')
  for (const namespace of ['submariner', 'hosted-for-others', 'submariner-k8s-broker'])
    for (const id of ['north', 'south']) cluster.put(clusterOf(id, { meta: { namespace } }))
  const broker = { server: 'broker.example:6443', namespace: 'ours-elsewhere', secret: 'broker-west' }
  const { lines } = await planNames(cluster.api(), wishOf({ broker }))
  expect(lines.filter((line) => line.includes('notin'))).toEqual([
    expect.stringContaining(
      'namespace_labels kubernetes.io/metadata.name notin (hosted-for-others, ours-elsewhere, submariner-k8s-broker)',
    ),
  ])
})

it('all domains that the settings have come into the cluster’s DNS', async () => {
  const { lines } = await planNames(coreDns('1.12.4').api(), wishOf({ zones: ['clusterset.local', 'apps.example'] }))
  expect(lines).toEqual(
    expect.arrayContaining(['    + clusterset.local:53 apps.example:53 {', '    +         multicluster clusterset.local apps.example']),
  )
})

it('an address that is still to come is told as such', async () => {
  const { mode, lines } = await planNames(coreDns('1.11.3').api(), wishOf({ dns: 'auto' }))
  expect(mode).toBe('own')
  expect(lines).toContain('    +     forward . <ClusterIP of submariner-dns>')
})

it('others’ entry is left and told, and none of our servers is brought for it', async () => {
  const { mode, why, lines, notes } = await planNames(coreDns('1.11.3', LIGHTHOUSE).api(), wishOf({ dns: 'auto' }))
  expect([mode, lines]).toEqual(['none', []])
  expect(why).toMatch(/left as it is: .*upstream’s Lighthouse/)
  expect(notes).toEqual([expect.stringMatching(/#lighthouse-start/)])
})

it('where services are not exchanged nothing comes, and what was there goes', async () => {
  const { mode, lines, notes } = await planNames(coreDns('1.12.4').api(), wishOf({ dns: 'auto', serviceDiscovery: false }))
  expect([mode, lines, notes]).toEqual(['none', [], []])
  const cluster = coreDns('1.12.4', `# BEGIN subctl\nclusterset.local {\n}\n# END subctl\n${KUBEADM}`)
  const plan = await planNames(cluster.api(), wishOf({ dns: 'auto', serviceDiscovery: false }))
  await plan.begin(cluster.api(), progress()).apply()
  expect(corefile(cluster)).toBe(KUBEADM)
})

it('a cluster in which no pod of ours can look names up is left as it is: a note for auto, an error for a mode by name', async () => {
  const cluster = coreDns('1.11.3')
  const auto = progress()
  expect(await (await planNames(cluster.api(), wishOf({ dns: 'auto' }))).begin(cluster.api(), auto).apply()).toBe(false)
  expect(auto.said).toEqual([expect.stringMatching(/^note: .*no pod can look names up.*SUB1005/)])
  const own = await planNames(cluster.api(), wishOf({ dns: 'own' }))
  await expect(own.begin(cluster.api(), progress()).apply()).rejects.toMatchObject({ id: 'SUB1005' })
  expect(corefile(cluster)).toBe(KUBEADM)
})

it('the way out says what goes, and takes it; marks that do not match are an error that names the command', async () => {
  const cluster = coreDns('1.12.4', `# BEGIN subctl\nclusterset.local {\n}\n# END subctl\n${KUBEADM}`)
  const { lines, undo } = await planUndo(cluster.api())
  expect(lines[0]).toBe('~ ConfigMap kube-system/coredns Corefile')
  await undo(cluster.api(), progress())
  expect(corefile(cluster)).toBe(KUBEADM)
  expect((await planUndo(cluster.api())).lines).toEqual([])
  const broken = coreDns('1.12.4', `# BEGIN subctl\n${KUBEADM}`)
  const left = await planUndo(broken.api())
  expect(left.lines).toEqual([expect.stringMatching(/^! the marks/)])
  await expect(left.undo(broken.api(), progress())).rejects.toMatchObject({
    id: 'SUB1008',
    message: expect.stringMatching(/kubectl edit configmap coredns/),
  })
})
