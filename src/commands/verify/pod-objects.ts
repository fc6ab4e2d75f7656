// What `verify` puts into a cluster: a namespace of its own, of the strictest level, with the two ends of nettest in it.

import type { PodRole } from '../../checks/pods/pod-findings.ts'
import { VERIFY_LABEL } from '../../model/names.ts'
import { NETTEST_PORT } from '../../model/nettest.ts'
import type { Pod, Resource, Service } from '../../model/resources.ts'

/** Annotation: the time after which nobody needs the namespace any more, RFC 3339. */
export const DEADLINE_ANNOTATION = 'submariner.io/verify-deadline'
/** Label of the pods: `server` or `client`. */
export const END_LABEL = 'submariner.io/verify-end'

const NOBODY = 65_532

export function verifyNamespace(name: string, deadline: Date): Resource {
  const level = { enforce: 'restricted', audit: 'restricted', warn: 'restricted' }
  const security = Object.fromEntries(Object.entries(level).map(([mode, value]) => [`pod-security.kubernetes.io/${mode}`, value]))
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: { ...security, [VERIFY_LABEL]: 'true' },
      annotations: { [DEADLINE_ANNOTATION]: deadline.toISOString() },
    },
  }
}

export interface NettestPod {
  readonly name: string
  readonly namespace: string
  readonly node: string
  readonly image: string
  readonly pullPolicy: string
  /** After `nettest`. */
  readonly args: readonly string[]
  readonly deadlineSeconds: number
  /** Whether the cluster itself chooses the user, as OpenShift does. */
  readonly isUserGiven: boolean
}

/** A pod that satisfies the level `restricted`. It is put on its node past the scheduler, taints or not: its path is to be tested. */
export function nettestPod(pod: NettestPod): Pod {
  const { name, namespace, node, image, pullPolicy, args, deadlineSeconds, isUserGiven } = pod
  const spec = {
    nodeName: node,
    restartPolicy: 'Never',
    activeDeadlineSeconds: deadlineSeconds,
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    tolerations: [{ operator: 'Exists' }],
    securityContext: {
      runAsNonRoot: true,
      ...(!isUserGiven && { runAsUser: NOBODY, runAsGroup: NOBODY }),
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'nettest',
        image,
        imagePullPolicy: pullPolicy,
        args: ['nettest', ...args],
        env: [{ name: 'POD_NAME', value: name }],
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { memory: '256Mi' } },
      },
    ],
  }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels: { app: name, [END_LABEL]: args[0] ?? '' } }, spec }
}

export const serverName = (role: PodRole): string => `server-${role}`

/** The service in front of one server. */
export function serverService(namespace: string, role: PodRole): Service {
  const name = serverName(role)
  const port = (protocol: 'TCP' | 'UDP') => ({ name: protocol.toLowerCase(), protocol, port: NETTEST_PORT, targetPort: NETTEST_PORT })
  const spec = { selector: { app: name }, ports: [port('TCP'), port('UDP')] }
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace }, spec }
}
