// Pods of a bed's clusters to ask from, and to be asked.
import { clusterOf } from '../lab/layout.ts'
import { type Bed, kubectl } from './bed.ts'

/** Images that every node of a bed has. */
export const BUSYBOX = 'localhost/busybox:1'

/** Starts pods that sleep or, with a port, serve their own name by HTTP; answers when they are ready. */
export async function runPods(bed: Bed, context: string, pods: readonly PodSpec[]): Promise<void> {
  const items = pods.flatMap((pod) => [podObject(pod), ...(pod.port === undefined ? [] : [serviceObject(pod, pod.port)])])
  await kubectl(bed, ['--context', context, 'apply', '-f', '-'], { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items }) })
  const names = pods.map(({ name }) => name)
  await kubectl(bed, ['--context', context, 'wait', 'pod', ...names, '--for=condition=Ready', '--timeout=120s'])
}
export interface PodSpec {
  readonly name: string
  readonly node: string
  /** A Service of the pod's name leads to it too, at port 80. */
  readonly port?: number
}

const podObject = ({ name, node, port }: PodSpec): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    nodeName: node,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        image: BUSYBOX,
        command:
          port === undefined ? ['sleep', '1000000'] : ['sh', '-c', `hostname >/tmp/index.html; exec httpd -f -vv -p ${port} -h /tmp`],
      },
    ],
  },
})

const serviceObject = ({ name }: PodSpec, port: number): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app: name }, ports: [{ port: 80, targetPort: port }] },
})

/** What a pod gets by HTTP; empty where it gets nothing. */
export const fetchFrom = async (bed: Bed, { context, pod }: { context: string; pod: string }, url: string): Promise<string> =>
  (
    await kubectl(bed, ['--context', context, 'exec', pod, '--', 'sh', '-c', `timeout 5 wget -qO- '${url}' 2>/dev/null || true`], {
      timeoutMs: 30_000,
    })
  ).trim()

export async function podIp(bed: Bed, context: string, pod: string): Promise<string> {
  const { status } = JSON.parse(await kubectl(bed, ['--context', context, 'get', 'pod', pod, '-o', 'json'])) as {
    status: { podIP: string }
  }
  return status.podIP
}

/** Has every node of a cluster run a pod that asks the cluster's DNS, so that what CNI and kube-proxy make with the first pod is there; leaves no pod. */
export async function warmUp(bed: Bed, context: string): Promise<void> {
  const pods = clusterOf(bed.layout, context).nodes.map(({ name }) => ({ name: `warm-${name}`, node: name }))
  await runPods(bed, context, pods)
  const names = pods.map(({ name }) => name)
  for (const name of names) {
    const asks = [
      '--context',
      context,
      'exec',
      name,
      '--',
      'sh',
      '-c',
      'until nslookup kubernetes.default.svc.cluster.local; do sleep 1; done',
    ]
    await kubectl(bed, asks, { timeoutMs: 60_000 })
  }
  await kubectl(bed, ['--context', context, 'delete', 'pod', ...names, '--now', '--wait'])
}
