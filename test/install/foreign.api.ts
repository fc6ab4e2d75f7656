// A broker that upstream's own program has deployed: other rights, no policy, nothing of ours.
import { beforeAll, expect, it } from '@jest/globals'
import { waitForToken } from '../../src/broker/credentials.ts'
import { writeBrokerInfo } from '../../src/broker/info.ts'
import { applyPlan } from '../../src/install/apply/apply.ts'
import { compare } from '../../src/install/apply/compare.ts'
import { brokerCrds } from '../../src/install/objects/manifests.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { parseObjects } from '../../src/k8s/yaml.ts'
import { realClock } from '../../src/system/clock.ts'
import { describePlanes, openPlace, planes, runOn } from '../cluster/plane-suite.ts'
import { BROKER_URL, FILE, makeNode } from './beds.ts'

const NAMESPACE = 'submariner-k8s-broker'
const ADMIN = `${NAMESPACE}-admin`
/** Upstream's Roles (verbs as it has them: no patch on accounts and secrets, no bind). */
const UPSTREAM = `
apiVersion: v1
kind: Namespace
metadata: {name: ${NAMESPACE}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ${ADMIN}, namespace: ${NAMESPACE}}
---
apiVersion: v1
kind: Secret
metadata: {name: ${ADMIN}-token, namespace: ${NAMESPACE}, annotations: {kubernetes.io/service-account.name: ${ADMIN}}}
type: kubernetes.io/service-account-token
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: ${ADMIN}, namespace: ${NAMESPACE}}
rules:
- {apiGroups: [submariner.io], resources: [clusters, endpoints], verbs: [create, get, list, watch, patch, update, delete]}
- {apiGroups: [submariner.io], resources: [brokers], verbs: [get, list]}
- {apiGroups: [""], resources: [serviceaccounts, secrets, configmaps], verbs: [create, get, list, watch, update, delete]}
- {apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings], verbs: [create, get, list, delete]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: ${NAMESPACE}-cluster, namespace: ${NAMESPACE}}
rules:
- {apiGroups: [submariner.io], resources: [clusters, endpoints], verbs: [create, get, list, watch, patch, update, delete]}
- {apiGroups: [submariner.io], resources: [brokers], verbs: [get, list]}
- {apiGroups: [""], resources: [secrets], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [serviceaccounts], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: ${ADMIN}, namespace: ${NAMESPACE}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: ${ADMIN}}
subjects: [{kind: ServiceAccount, name: ${ADMIN}, namespace: ${NAMESPACE}}]
`

describePlanes('a broker deployed by upstream', () => {
  const at = planes(['cluster'])
  let api: KubeApi
  let file: string
  beforeAll(async () => {
    api = openPlace(at.cluster)
    await makeNode(api, { name: 'gw', address: '172.16.1.1', podCidr: '10.1.0.0/24' })
    const options = { clock: realClock, signal: new AbortController().signal, deadline: Date.now() + 60_000, progress: () => undefined }
    await applyPlan(api, await compare(api, [...brokerCrds(), ...parseObjects(UPSTREAM)]), options)
    const { token, ca } = await waitForToken(api, ADMIN, NAMESPACE, options)
    const psk = Buffer.from('k'.repeat(48)).toString('base64')
    file = writeBrokerInfo({ brokerUrl: BROKER_URL, namespace: NAMESPACE, token, ca, psk, components: [], customDomains: [] })
  })

  it('is joined with the rights that its file gives, twice without a change', async () => {
    const laptop = { contexts: { '': at.cluster }, hosts: { [BROKER_URL]: at.cluster.server }, files: new Map([[FILE, file]]) }
    const first = await runOn(laptop, 'join --cluster-id west')
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining('has joined the clusterset') })
    expect((await api.get('Cluster', 'west', NAMESPACE))?.spec.cluster_cidr).toEqual(['10.1.0.0/16'])
    const again = await runOn(laptop, 'join --cluster-id west')
    expect(again).toMatchObject({ code: 0, out: expect.stringMatching(/^0 created, 0 changed, \d+ unchanged\./) })
  })
})
