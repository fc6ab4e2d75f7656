// The demo's story on real Kubernetes: three commands from nothing to proved, a gateway's node loses power, and no trace is left. Exit code 1 when a step fails.
import { access } from 'node:fs/promises'
import { type Bed, downBed, stopNode, upBed } from '../test/cluster/bed.ts'
import { bedMissing } from '../test/cluster/bed-missing.ts'
import { fetchFrom, podIp, runPods } from '../test/cluster/bed-pods.ts'
import { IMAGE, subctl } from '../test/cluster/joined.ts'
import { brokerFile } from '../test/lab/access.ts'
import { activeGateway } from '../test/lab/active.ts'
import { deployArgs, joinArgs } from '../test/lab/subctl.ts'
import { until } from '../test/lab/until.ts'
import { abortOf, quote, say, tell, title } from './story.ts'

const CLUSTERS = ['west', 'east'] as const

async function main(stop: AbortSignal): Promise<void> {
  const why = bedMissing()
  if (why !== undefined) throw new Error(`no clusters can be made here: ${why}`)
  await access(IMAGE)
  title('Two Kubernetes clusters on this machine: west with flannel, east with kube-proxy by nftables')
  const options = { name: `demo-${process.pid}`, gateways: 2, cni: { west: 'flannel' }, proxy: { east: 'nftables' } } as const
  const bed = await upBed({ ...options, images: [IMAGE], say: (what) => say(`   ${what}`), signal: stop })
  try {
    await Promise.race([story(bed), abortOf(stop)])
  } finally {
    title('The clusters go')
    await downBed(bed)
  }
}

async function story(bed: Bed): Promise<void> {
  const from = Date.now()
  await type(bed, deployArgs(bed))
  for (const cluster of bed.layout.clusters) await type(bed, [...joinArgs(bed, cluster), '--wait'])
  await type(bed, ['verify', '--contexts', CLUSTERS.join()])
  say(`   ${Math.round((Date.now() - from) / 1000)} s from nothing to proved`)
  await gatewayDies(bed)
  await type(bed, ['uninstall', '--contexts', 'east', '--yes', '--prove', brokerFile(bed)])
}

/** A command as a user types it. Its output is shown, and it must succeed. */
async function type(bed: Bed, args: readonly string[]): Promise<void> {
  title(`subctl ${args.join(' ')}`)
  const { code, stdout, stderr } = await subctl(bed, args, { okCodes: [0, 1, 2, 64, 69, 75] })
  quote(`${stderr}${stdout}`)
  if (code !== 0) throw new Error(`subctl ${args[0]} ended with ${code}`)
}

async function gatewayDies(bed: Bed): Promise<void> {
  await runPods(bed, 'east', [{ name: 'web', node: 'east-w1', port: 8080 }])
  await runPods(bed, 'west', [{ name: 'client', node: 'west-w1' }])
  const url = `http://${await podIp(bed, 'east', 'web')}:8080/`
  const asks = { context: 'west', pod: 'client' }
  const answered = (what: string): Promise<number> => until(what, async () => (await fetchFrom(bed, asks, url)) === 'web', 120_000)
  await answered('a pod of west gets an answer from a pod of east')
  const { name: active } = await activeGateway(bed, 'west')
  title(`The node ${active} carries west's tunnels. It loses power`)
  await stopNode(bed, active)
  const from = Date.now()
  await answered('traffic comes back')
  say(`   a pod of west got its next answer from a pod of east ${Date.now() - from} ms later`)
}

await tell(main)
