// With cleanup=true the release holds, instead of the agents, a DaemonSet by which every node cleans itself: `helm uninstall` follows.

import { objectsOf } from '../src/install/objects/manifests.ts'
import { errandJob } from '../src/install/remove/cleanup-job.ts'
import { at, isRecord, listAt } from '../src/install/tree.ts'
import { printObjects } from '../src/k8s/yaml.ts'
import { CHARON_WORKLOAD, GATEWAY_WORKLOAD, NAMESPACE, ROUTE_AGENT_WORKLOAD } from '../src/model/names.ts'
import { templateOf } from './charts-template.ts'

const NAME = 'submariner-cleanup'
const AGENTS = [GATEWAY_WORKLOAD, CHARON_WORKLOAD, ROUTE_AGENT_WORKLOAD]

/** The pod of `subctl uninstall`'s Jobs, which ends on its work, as an init container: a pod that is ready is on a node that is clean. */
export function nodeCleanUp(routeAgent: string): string {
  const template = objectsOf(routeAgent).map((object) => at(object, 'spec', 'template'))[0]
  const job = errandJob(template, NAMESPACE, { node: '', errand: 'clean', deadlineSeconds: 0, hasAccount: true })
  const pod = at(job.spec, 'template', 'spec')
  const [errand] = listAt(pod, 'containers')
  if (!isRecord(pod) || !isRecord(errand)) throw new Error('a Job for cleaning has no pod')
  const { nodeName: _, restartPolicy: __, containers: ___, ...rest } = pod
  const idle = { name: 'done', image: errand.image, imagePullPolicy: errand.imagePullPolicy, command: ['sleep', 'infinity'] }
  const labels = { app: NAME, 'app.kubernetes.io/part-of': 'submariner', 'app.kubernetes.io/managed-by': 'subctl' }
  const daemonSet = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: NAME, namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: { app: NAME } },
      // Helm waits for every node then, not for all but one.
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels },
        spec: {
          ...rest,
          nodeSelector: at(template, 'spec', 'nodeSelector'),
          affinity: untilGone,
          initContainers: [errand],
          containers: [{ ...idle, securityContext: { ...BARE } }],
        },
      },
    },
  }
  return templateOf(printObjects([daemonSet]))
    .puller()
    .text()
}

/** The scheduler holds a pod back while one of an agent is on its node, also one that is ending. */
const untilGone = {
  podAntiAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: [
      { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: AGENTS }] } },
    ],
  },
}
const BARE = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } }
