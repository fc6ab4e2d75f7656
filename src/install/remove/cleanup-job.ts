// The Job by which one node cleans itself, or says what it holds: the pod of the installed route agent with other words.
import { ROUTE_AGENT_WORKLOAD } from '../../model/names.ts'
import type { Resource } from '../../model/resources.ts'
import { sha256 } from '../../system/digest.ts'
import { OWN_LABELS } from '../objects/manifests.ts'
import { at, isRecord, listAt, textAt } from '../tree.ts'

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
  const { node, errand, deadlineSeconds } = options
  const labels = { ...OWN_LABELS, [ERRAND_LABEL]: errand }
  const annotations = { [NODE_ANNOTATION]: node }
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: jobName(errand, node), namespace, labels, annotations },
    spec: {
      backoffLimit: 2,
      activeDeadlineSeconds: deadlineSeconds,
      ttlSecondsAfterFinished: 600,
      template: { metadata: { labels, annotations }, spec: podOf(template, options) },
    },
  }
}

function podOf(template: unknown, { node, errand, hasAccount, image }: JobOptions): Readonly<Record<string, unknown>> {
  const agent = agentOf(template)
  const args = listAt(agent, 'args').map(String)
  const own = { ...picked(at(template, 'spec'), POD), volumes: listAt(template, 'spec', 'volumes').filter(isOfHost) }
  const volumes = own.volumes.map((volume) => textAt(volume, 'name'))
  const volumeMounts = listAt(agent, 'volumeMounts').filter((mount) => volumes.includes(textAt(mount, 'name')))
  const whole = errand === 'trace' ? undefined : wholeRun(own.volumes, volumeMounts, args)
  return {
    ...own,
    nodeName: node,
    hostNetwork: true,
    dnsPolicy: 'Default',
    enableServiceLinks: false,
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 5,
    tolerations: [{ operator: 'Exists' }],
    ...(hasAccount && { serviceAccountName: ROUTE_AGENT_WORKLOAD }),
    ...(whole && { volumes: whole.volumes }),
    containers: [
      {
        ...picked(agent, CONTAINER),
        name: 'errand',
        volumeMounts: whole?.volumeMounts ?? volumeMounts,
        ...(image !== undefined && { image }),
        args: [...(args.length === 0 ? ['route-agent'] : args), ...FLAGS[errand], ...(whole?.args ?? [])],
      },
    ],
  }
}

/** Settings and secrets may be gone. */
const isOfHost = (volume: unknown): boolean => at(volume, 'hostPath') !== undefined

const RUN_DIR = '/run/submariner'
interface WholeRun {
  readonly volumes: readonly unknown[]
  readonly volumeMounts: readonly unknown[]
  readonly args: readonly string[]
}
/** Instead of the run directory the folder that it is in: from there it can be removed. Undefined where the agent has it elsewhere. */
function wholeRun(volumes: readonly unknown[], mounts: readonly unknown[], args: readonly string[]): WholeRun | undefined {
  const name = volumes.filter((volume) => textAt(volume, 'hostPath', 'path') === RUN_DIR).map((volume) => textAt(volume, 'name'))[0]
  if (name === undefined || args.includes('--run-dir')) return undefined
  const isRun = (one: unknown): boolean => textAt(one, 'name') === name
  return {
    volumes: [...volumes.filter((one) => !isRun(one)), { name, hostPath: { path: '/run', type: 'Directory' } }],
    volumeMounts: [...mounts.filter((one) => !isRun(one)), { name, mountPath: '/host/run' }],
    args: ['--run-dir', '/host/run/submariner'],
  }
}

export const jobName = (errand: Errand, node: string): string => `submariner-${errand}-${sha256(node).slice(0, 12)}`

/** The image that the installed agents run. */
export const imageOf = (template: unknown): string | undefined => textAt(agentOf(template), 'image')

const agentOf = (template: unknown): unknown => {
  const containers = listAt(template, 'spec', 'containers')
  return containers.find((container) => textAt(container, 'name') === 'route-agent') ?? containers[0]
}

const picked = (value: unknown, keys: readonly string[]): Readonly<Record<string, unknown>> =>
  isRecord(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key))) : {}
