// The Job by which one node cleans itself, or says what it holds: the pod of the installed route agent with other words.
import { ROUTE_AGENT_WORKLOAD } from '../model/names.ts'
import type { Resource } from '../model/resources.ts'
import { sha256 } from '../system/digest.ts'
import { OWN_LABELS } from './manifests.ts'
import { at, isRecord, listAt, textAt } from './tree.ts'

/** What a node is asked to do. */
export type Errand = 'clean' | 'trace' | 'clean-and-trace'
export interface JobOptions {
  readonly node: string
  readonly errand: Errand
  /** Seconds after which it is ended. */
  readonly deadlineSeconds: number
  /** Instead of the installed image. */
  readonly image?: string
  /** Whether the route agent's account is there; pods that name one that is not are refused. */
  readonly hasAccount: boolean
}

const FLAGS: Readonly<Record<Errand, readonly string[]>> = {
  clean: ['--cleanup'],
  trace: ['--trace'],
  'clean-and-trace': ['--cleanup', '--trace'],
}
/** Which errand a Job and its pod are of; and which node, in an annotation, since the name may not fit. */
export const ERRAND_LABEL = 'submariner.io/errand'
export const NODE_ANNOTATION = 'submariner.io/node'

/** Parts of the route agent's pod that the errand needs; probes, settings, secrets and limits are not among them. */
const POD = ['securityContext', 'priorityClassName', 'imagePullSecrets', 'runtimeClassName', 'volumes'] as const
const CONTAINER = ['image', 'imagePullPolicy', 'command', 'securityContext', 'volumeMounts'] as const

/** `template` is the pod template of the route agent's DaemonSet, of whatever version. */
export function errandJob(template: unknown, namespace: string, options: JobOptions): Resource & { readonly spec: unknown } {
  const { node, errand, deadlineSeconds, hasAccount } = options
  const labels = { ...OWN_LABELS, [ERRAND_LABEL]: errand }
  const annotations = { [NODE_ANNOTATION]: node }
  const pod = hostPod(at(template, 'spec'))
  const agent = agentOf(template)
  const args = listAt(agent, 'args').map(String)
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: jobName(errand, node), namespace, labels, annotations },
    spec: {
      backoffLimit: 2,
      activeDeadlineSeconds: deadlineSeconds,
      ttlSecondsAfterFinished: 600,
      template: {
        metadata: { labels, annotations },
        spec: {
          ...pod,
          nodeName: node,
          hostNetwork: true,
          dnsPolicy: 'Default',
          enableServiceLinks: false,
          restartPolicy: 'Never',
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 5,
          tolerations: [{ operator: 'Exists' }],
          ...(hasAccount && { serviceAccountName: ROUTE_AGENT_WORKLOAD }),
          containers: [
            {
              ...hostContainer(agent, pod),
              name: 'errand',
              ...(options.image !== undefined && { image: options.image }),
              args: [...(args.length === 0 ? ['route-agent'] : args), ...FLAGS[errand]],
            },
          ],
        },
      },
    },
  }
}

export const jobName = (errand: Errand, node: string): string => `submariner-${errand}-${sha256(node).slice(0, 12)}`

/** The image that the installed agents run. */
export const imageOf = (template: unknown): string | undefined => textAt(agentOf(template), 'image')

const agentOf = (template: unknown): unknown => {
  const containers = listAt(template, 'spec', 'containers')
  return containers.find((container) => textAt(container, 'name') === 'route-agent') ?? containers[0]
}

/** Volumes of the host alone: settings and secrets may be gone. */
function hostPod(spec: unknown): Readonly<Record<string, unknown>> {
  const pod = picked(spec, POD)
  return { ...pod, volumes: listAt(spec, 'volumes').filter((volume) => at(volume, 'hostPath') !== undefined) }
}

function hostContainer(container: unknown, pod: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const names = listAt(pod, 'volumes').map((volume) => textAt(volume, 'name'))
  const volumeMounts = listAt(container, 'volumeMounts').filter((mount) => names.includes(textAt(mount, 'name')))
  return { ...picked(container, CONTAINER), volumeMounts }
}

const picked = (value: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> =>
  isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key))) : {}
