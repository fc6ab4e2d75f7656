// What tests on real clusters share: a bed for the tests of one file, and pods to ask from.
import { describe } from '@jest/globals'
import { messageOf } from '../../src/model/errors.ts'
import { logTails } from '../lab/daemons.ts'
import { type Bed, downBed, keepLogs, kubectl, type UpBedOptions, upBed } from './bed.ts'
import { bedMissing } from './bed-missing.ts'

/** A bed for the tests of one file: `up` in beforeAll, `down` in afterAll. */
export interface TestBed {
  readonly bed: Bed
  up(): Promise<void>
  down(): Promise<void>
  /** Runs a test's work; where it fails the logs are kept, and the error carries their ends and says where they are. */
  explained(work: (bed: Bed) => Promise<void>): () => Promise<void>
}

export function testBed(options: UpBedOptions & { readonly name: string }): TestBed {
  let bed: Bed | undefined
  const need = (): Bed => {
    if (bed === undefined) throw new Error('the bed is not up')
    return bed
  }
  return {
    get bed() {
      return need()
    },
    async up() {
      bed = await upBed(options)
    },
    async down() {
      if (bed !== undefined) await downBed(bed)
    },
    explained: (work) => async () => {
      try {
        await work(need())
      } catch (error) {
        throw new Error(`${messageOf(error)}\n${await logTails(need(), undefined, 8)}\nall logs are in ${await keepLogs(need())}`, {
          cause: error,
        })
      }
    },
  }
}

/** `describe`, or where no bed can be made one that skips and says why. */
export function describeBed(title: string, tests: () => void): void {
  const why = bedMissing()
  if (why === undefined) describe(title, tests)
  else describe.skip(`${title} (skipped: ${why})`, tests)
}

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
