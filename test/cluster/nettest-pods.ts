// Pods of a bed that run `subctl nettest` of our own image: without rights, by hand instead of by verify.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseIp } from '../../src/model/net.ts'
import { type Aim, type AimResult, DONE_LINE, NETTEST_PORT, readResult, writeAim } from '../../src/model/nettest.ts'
import { nodeOf } from '../lab/layout.ts'
import { until } from '../lab/until.ts'
import { type Bed, kubectl } from './bed.ts'
import { podIp } from './bed-pods.ts'

const VERSION = (JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8')) as { version: string }).version
const SERVICE_PORT = 80

export interface NettestPod {
  readonly context: string
  readonly node: string
  readonly name: string
}

/** Starts a pod on a node in place of an older one of that name; done when it runs. `args` come after `nettest`. */
export async function startNettest(bed: Bed, node: string, name: string, args: readonly string[]): Promise<NettestPod> {
  const pod = { context: nodeOf(bed.layout, node).cluster, node, name: `${name}-${node}` }
  await removeNettest(bed, pod)
  await apply(bed, pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: pod.name, labels: { app: pod.name } },
    spec: {
      nodeName: node,
      terminationGracePeriodSeconds: 0,
      // One that is made again would count from the beginning.
      restartPolicy: 'Never',
      containers: [{ name: 'main', image: `localhost/subctl:${VERSION}`, args: ['nettest', ...args] }],
    },
  })
  const phase = (): Promise<string> => kubectl(bed, [...of(pod), 'get', 'pod', pod.name, '-o', 'jsonpath={.status.phase}'])
  await until(`${pod.name} runs`, async () => ['Running', 'Succeeded'].includes(await phase()), 120_000)
  return pod
}
export const removeNettest = (bed: Bed, pod: NettestPod): Promise<string> =>
  kubectl(bed, [...of(pod), 'delete', 'pod,service', '-l', `app=${pod.name}`, '--now'])

/** The lines that a pod has printed, or the last ones. */
export async function linesOf(bed: Bed, pod: NettestPod, last = -1): Promise<readonly string[]> {
  return (await kubectl(bed, [...of(pod), 'logs', pod.name, `--tail=${last}`])).trim().split('\n')
}

/** Starts a pod that gives back what it is sent. */
export const startEcho = (bed: Bed, node: string, name = 'echo'): Promise<NettestPod> => startNettest(bed, node, name, ['server'])
export const ipOf = (bed: Bed, { context, name }: NettestPod): Promise<string> => podIp(bed, context, name)

/** Has a service lead to an echo. Answers with its address. */
export async function serveBy(bed: Bed, pod: NettestPod): Promise<string> {
  const ports = (['TCP', 'UDP'] as const).map((protocol) => ({
    name: protocol.toLowerCase(),
    protocol,
    port: SERVICE_PORT,
    targetPort: NETTEST_PORT,
  }))
  await apply(bed, pod, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: pod.name, labels: { app: pod.name } },
    spec: { selector: { app: pod.name }, ports },
  })
  return (await kubectl(bed, [...of(pod), 'get', 'service', pod.name, '-o', 'jsonpath={.spec.clusterIP}'])).trim()
}

export const podAim = (ip: string): Aim => ({ protocol: 'tcp', ip: parseIp(ip), port: NETTEST_PORT, bytes: 1000 })
export const serviceAim = (ip: string): Aim => ({ protocol: 'tcp', ip: parseIp(ip), port: SERVICE_PORT, bytes: 1000 })

/** Asks from a pod on a node. Answers with that pod's address, and what came of each aim. */
export async function askFrom(
  bed: Bed,
  node: string,
  aims: readonly Aim[],
): Promise<{ readonly ip: string; readonly results: readonly AimResult[] }> {
  const pod = await startNettest(bed, node, 'ask', ['client', ...aims.flatMap((aim) => ['--aim', writeAim(aim)])])
  let lines: readonly string[] = []
  await until('all has been asked', async () => {
    lines = await linesOf(bed, pod)
    return lines.includes(DONE_LINE)
  })
  const ip = await ipOf(bed, pod)
  await removeNettest(bed, pod)
  return { ip, results: lines.flatMap((line) => readResult(line) ?? []) }
}

const of = ({ context }: NettestPod): readonly string[] => ['--context', context]
const apply = (bed: Bed, pod: NettestPod, object: object): Promise<string> =>
  kubectl(bed, [...of(pod), 'apply', '-f', '-'], { input: JSON.stringify(object) })
