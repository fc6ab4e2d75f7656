// Pods that ask their cluster's DNS for names again and again, and pods that fetch bytes from what it answers.
import type { TriedFetch } from '../../checks/services/tried.ts'
import { messageOf } from '../../model/errors.ts'
import { ipOrNone } from '../../model/net.ts'
import { DONE_LINE, NETTEST_PORT, readResult, writeAim } from '../../model/nettest.ts'
import { type NameResult, readNameResult } from '../../model/nettest-name.ts'
import type { Pod } from '../../model/resources.ts'
import { awaitLine, awaitPods, createPod, isRunning, isStarted, logLines, type PodCluster } from './pod-cluster.ts'
import type { Ground } from './pod-run.ts'

const POLL_MS = 400
const REPEAT = '250ms'
const BYTES = 1_000
/** kube-proxy may have to learn of the service first; and a cluster that was out of reach for a moment counts again only after some seconds. */
const PATIENCE = '20s'

/** A pod that asks. */
export interface Asker {
  readonly node: string
  /** Why it does not run. */
  readonly problem: string | undefined
  /** The last answer to each name. */
  readonly answers: () => Promise<ReadonlyMap<string, NameResult>>
  /** What it printed that is no answer, as one of an older image does that cannot ask so. */
  readonly complaint: () => Promise<string | undefined>
}

/** Starts one on each node of the cluster's servers. */
export async function startAskers({ cluster, servers }: Ground, names: readonly string[], signal: AbortSignal): Promise<readonly Asker[]> {
  if (names.length === 0 || signal.aborted) return []
  const args = ['client', '--repeat', REPEAT, ...names.flatMap((name) => ['--ask', name])]
  return Promise.all(
    servers.map(async ({ node, role }): Promise<Asker> => {
      const pod = `asker-${role}`
      const asker = { node, ...reader(cluster, pod) }
      const broken = (why: string): Asker => ({ ...asker, problem: `the pod on node ${node} does not run: ${why}` })
      try {
        await createPod(cluster, { name: pod, node, args }, signal)
        const [found] = await awaitPods(cluster, [pod], hasRun, signal)
        return found === undefined || typeof found === 'string' ? broken(found ?? '') : { ...asker, problem: undefined }
      } catch (error) {
        return broken(messageOf(error))
      }
    }),
  )
}

/** One that has failed may have said why. */
const hasRun = (pod: Pod): boolean => isRunning(pod) || (pod.status?.phase === 'Failed' && pod.status.reason === undefined)

const reader = (cluster: PodCluster, pod: string): Pick<Asker, 'answers' | 'complaint'> => ({
  answers: joined(
    async () => new Map((await logLines(cluster, pod)).flatMap((line) => readNameResult(line) ?? []).map((result) => [result.ask, result])),
  ),
  complaint: async () => (await logLines(cluster, pod)).find((line) => line.startsWith('error')),
})

/** Those who ask while somebody's question is open get the same answer. */
function joined<T>(ask: () => Promise<T>): () => Promise<T> {
  let open: Promise<T> | undefined
  return () => {
    open ??= ask().finally(() => {
      open = undefined
    })
    return open
  }
}

/** Reads what the pod says until it is as it should be, or time is over; gives what it said last. */
export async function awaitAnswers(
  { cluster: { clock } }: Pick<Ground, 'cluster'>,
  asker: Asker,
  isThere: (answers: ReadonlyMap<string, NameResult>) => boolean,
  { mostMs, signal }: { readonly mostMs: number; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, NameResult>> {
  const untilMs = clock.now() + mostMs
  for (;;) {
    const answers = await asker.answers()
    if (isThere(answers) || asker.problem !== undefined || clock.now() > untilMs || signal.aborted) return answers
    await clock.sleep(POLL_MS, signal)
  }
}

/** Fetches from each address on each node of the cluster's servers. */
export async function fetchAll(
  { cluster, servers }: Ground,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<readonly TriedFetch[]> {
  const aims = addresses.flatMap((address) =>
    ipOrNone(address).map((ip) => ({ address, aim: writeAim({ protocol: 'tcp', ip, port: NETTEST_PORT, bytes: BYTES }) })),
  )
  if (aims.length === 0 || signal.aborted) return []
  const found = await Promise.all(
    servers.map(async ({ node, role }): Promise<readonly TriedFetch[]> => {
      const pod = `fetcher-${role}`
      const lines = await createPod(
        cluster,
        { name: pod, node, args: ['client', '--patience', PATIENCE, ...aims.flatMap(({ aim }) => ['--aim', aim])] },
        signal,
      )
        .then(() => awaitPods(cluster, [pod], isStarted, signal))
        .then(() => awaitLine(cluster, pod, DONE_LINE, signal))
        // A pod that cannot be run has asked nothing: that is what is said of it.
        .catch((): readonly string[] => [])
      const results = new Map(lines.flatMap((line) => readResult(line) ?? []).map((result) => [result.aim, result]))
      return aims.map(({ address, aim }) => ({ node, address, result: results.get(aim) }))
    }),
  )
  return found.flat()
}
