// Policies of others and our accepts: neither bypasses the other, in whatever order the two write.
import { expect, it } from '@jest/globals'
import { openNode } from '../../../src/dataplane/kernel/node-target.ts'
import { hasRestorer } from '../../../src/dataplane/kernel/restorer.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import { realFiles } from '../../../src/system/files.ts'
import { gatewayView, remote } from '../node/views.ts'
import { pings, REMOTE_POD, type TestCluster, WORKER_POD, withCluster } from './cluster.ts'
import { type FelixOptions, felixRefresh, WORKLOAD, workloadAddress, workloadLink } from './felix.ts'
import { prepare } from './node-links.ts'
import { dump, type NodeNs, withNamespaces } from './nodes.ts'

const TIMEOUT_MS = 300_000
const POOLS = ['10.1.0.0/16', '10.2.0.0/16', '100.2.0.0/16']

/** The worker's pod as a workload of Calico; it and a pod on another node are asked from the other cluster. */
async function makeWorkload({ worker, workerPod }: TestCluster): Promise<void> {
  await worker.ip('link del p0', ...workloadLink(workerPod.ns, WORKER_POD))
  await worker.sh(`sysctl -qw net.ipv4.conf.${WORKLOAD}.proxy_arp=1 net.ipv4.neigh.${WORKLOAD}.proxy_delay=0`)
  await workerPod.ip(...workloadAddress(WORKER_POD))
  // Every kubelet has its own jump there.
  await worker.sh('iptables-nft -N KUBE-FIREWALL')
  await worker.sh('iptables-nft -A INPUT -j KUBE-FIREWALL')
}

const isAnswered = ({ remote }: TestCluster): Promise<boolean> => pings(remote, WORKER_POD, '-W', '1')

it.each(['insert', 'append'] as const)(
  'a policy as Calico writes it in mode %s lets in the other cluster where it says so and only there, and keeps the address that it is allowed by',
  (mode) =>
    withCluster({ rpFilter: 1 }, async (cluster) => {
      await makeWorkload(cluster)
      const { worker, gateway, workerPod } = cluster
      const refresh = async (...allowed: readonly string[]): Promise<void> => {
        for (const node of [worker, gateway]) await felixRefresh(node.exec, { mode, allowed, pools: POOLS })
      }
      // Calico in its other mode relies on rules of others letting through what it does not know.
      if (mode === 'append') await gateway.sh('iptables-nft -P FORWARD ACCEPT')
      await refresh(`${REMOTE_POD}/32`)
      await cluster.reconcile()
      expect(await isAnswered(cluster)).toBe(true)
      expect(await pings(workerPod, REMOTE_POD)).toBe(true)
      await refresh()
      expect(await isAnswered(cluster)).toBe(false)
      expect(await pings(workerPod, REMOTE_POD)).toBe(true)
      await refresh('10.2.0.99/32')
      expect(await isAnswered(cluster)).toBe(false)
      await refresh('10.2.0.0/16')
      expect(await isAnswered(cluster)).toBe(true)
    }),
  TIMEOUT_MS,
)

it.each(['insert', 'append'] as const)(
  'felix in mode %s and we come to rest: after one turn of each nobody has anything to mend, whoever comes first, and a default-deny holds',
  (mode) =>
    withCluster({ rpFilter: 1 }, async (cluster) => {
      await makeWorkload(cluster)
      const options: FelixOptions = { mode, allowed: [], pools: POOLS }
      await cluster.reconcile()
      // Both have written once; what is not at rest yet is mended by the second turn.
      await felixRefresh(cluster.worker.exec, options)
      await cluster.reconcile()
      await felixRefresh(cluster.worker.exec, options)
      await cluster.reconcile()
      expect(await felixRefresh(cluster.worker.exec, options)).toEqual([])
      expect(await isAnswered(cluster)).toBe(false)
      // Somebody flushes a chain that both stand in, and felix is the first to notice.
      await cluster.worker.sh('iptables-nft -F FORWARD')
      await felixRefresh(cluster.worker.exec, options)
      await cluster.reconcile()
      expect(await isAnswered(cluster)).toBe(false)
      await cluster.reconcile()
      await felixRefresh(cluster.worker.exec, options)
      await cluster.reconcile()
      expect(await felixRefresh(cluster.worker.exec, options)).toEqual([])
      expect(await isAnswered(cluster)).toBe(false)
    }),
  TIMEOUT_MS,
)

/** One sync of kube-router before 2.6.2 (pkg/utils/ipset.go): every set as the sync before has read it; gives what it reads for the next. */
async function kubeRouterSync(node: NodeNs, remembered: string): Promise<string> {
  const sets = new Map<string, { options: string; adds: string[] }>()
  for (const line of remembered.split('\n')) {
    const [, verb, name = '', rest = ''] = /^(create|add) (\S+) (.*)$/.exec(line) ?? []
    if (verb === 'create') sets.set(name, { options: rest.replace(/ initval \S+/, ''), adds: [] })
    if (verb === 'add') sets.get(name)?.adds.push(rest)
  }
  const lines = [...sets].flatMap(([name, { options, adds }]) => [
    `create TMP-1 ${options}`,
    'flush TMP-1',
    ...adds.map((add) => `add TMP-1 ${add}`),
    `create ${name} ${options}`,
    `swap TMP-1 ${name}`,
    'destroy TMP-1',
  ])
  await node.exec(['ipset', '-exist', 'restore'], { input: `${lines.join('\n')}\n` })
  return (await node.exec(['ipset', 'save'])).stdout
}

it(
  'sets that a program writes back as it has read them, as kube-router does, undo no change of ours, and are gone in the end',
  () =>
    withNamespaces(['restorer'], async (node) => {
      await prepare(node, 'ipsec0')
      const before = await dump(node)
      const target = openNode(node)
      const view = gatewayView({ remotes: [] })
      await target.reconcile(planNode(view))
      expect(await hasRestorer(node.exec, realFiles)).toBe(false)
      await node.sh('iptables-nft -N KUBE-ROUTER-FORWARD')
      await target.reconcile(planNode(view))
      expect(await hasRestorer(node.exec, realFiles)).toBe(true)
      let remembered = await kubeRouterSync(node, '')
      for (const remotes of [[remote('east', '10.2.0.0/16')], [remote('east', '10.2.0.0/16'), remote('north', '10.3.0.0/16')]]) {
        const wanted = { ...view, remotes }
        await target.reconcile(planNode(wanted))
        remembered = await kubeRouterSync(node, remembered)
        expect(await target.unguarded(planNode(wanted))).not.toEqual([])
        const plan = planNode({ ...wanted, areSetsRestored: true })
        await target.reconcile(plan)
        remembered = await kubeRouterSync(node, remembered)
        expect(await target.unguarded(plan)).toEqual([])
        await target.reconcile(plan)
        expect(await target.reconcile(plan)).toEqual([])
      }
      await target.cleanUp()
      await node.sh('iptables-nft -X KUBE-ROUTER-FORWARD')
      expect(await dump(node)).toBe(before)
    }),
  TIMEOUT_MS,
)
