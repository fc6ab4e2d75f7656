// What a member's credential can do to another member on a broker: nothing, on a real API server as on the central one.
import { expect, it } from '@jest/globals'
import { BROKER_NAMESPACE } from '../../src/model/names.ts'
import type { Resource } from '../../src/model/resources.ts'
import { clusterOf, endpointOf } from '../fakes/clusters.ts'
import { APPLY, cluster, endpoint, JSON_PATCH, MERGE, meta, STRATEGIC, tryAt } from './attempts.ts'
import { describeBrokers, type OpenBroker } from './both.ts'

const PATH = `/apis/submariner.io/v1/namespaces/${BROKER_NAMESPACE}`
const EAST_ENDPOINT = 'east-submariner-cable-east-172-16-2-1'

const claim = (id: string): Resource => ({
  ...clusterOf(id),
  metadata: { ...meta, name: 'north', labels: { 'submariner-io/clusterID': id } },
})
const named = (object: Resource, name: string): Resource => ({ ...object, metadata: { ...object.metadata, name } })
const relabelled = { metadata: { labels: { 'submariner-io/clusterID': 'west' } }, spec: { cluster_id: 'west' } }
const asEast = { metadata: { labels: { 'submariner-io/clusterID': 'east' } }, spec: { cluster_id: 'east' } }
const SECRETS = `/api/v1/namespaces/${BROKER_NAMESPACE}/secrets`
const ACCOUNTS = `/api/v1/namespaces/${BROKER_NAMESPACE}/serviceaccounts`

/** What west tries: in words, method, path, body, content type. */
const ATTEMPTS: readonly (readonly [what: string, method: string, path: string, body?: unknown, type?: string])[] = [
  ['to replace east’s Cluster', 'PUT', `${PATH}/clusters/east`, cluster('east', 7)],
  ['to replace east’s Endpoint', 'PUT', `${PATH}/endpoints/${EAST_ENDPOINT}`, endpoint('east', 2)],
  ['to patch east’s Cluster', 'PATCH', `${PATH}/clusters/east`, { spec: { cluster_cidr: [] } }, MERGE],
  ['to patch east’s Endpoint', 'PATCH', `${PATH}/endpoints/${EAST_ENDPOINT}`, { spec: { hostname: 'x' } }, MERGE],
  ['to annotate east’s Endpoint', 'PATCH', `${PATH}/endpoints/${EAST_ENDPOINT}`, { metadata: { annotations: { a: 'b' } } }, MERGE],
  [
    'to JSON-patch east’s Cluster',
    'PATCH',
    `${PATH}/clusters/east`,
    [{ op: 'replace', path: '/spec/cluster_cidr', value: [] }],
    JSON_PATCH,
  ],
  ['to apply over east’s Cluster', 'PATCH', `${PATH}/clusters/east?fieldManager=x&force=true`, cluster('east', 7), APPLY],
  ['to strategic-patch east’s Cluster', 'PATCH', `${PATH}/clusters/east`, { spec: { cluster_cidr: [] } }, STRATEGIC],
  ['to relabel east’s Cluster as its own', 'PATCH', `${PATH}/clusters/east`, relabelled, MERGE],
  ['to relabel east’s Endpoint as its own', 'PATCH', `${PATH}/endpoints/${EAST_ENDPOINT}`, relabelled, MERGE],
  ['to take away the label of east’s Endpoint', 'PATCH', `${PATH}/endpoints/${EAST_ENDPOINT}`, { metadata: { labels: null } }, MERGE],
  ['to make its own Cluster into east’s', 'PATCH', `${PATH}/clusters/west`, asEast, MERGE],
  ['to give its own Cluster east’s label', 'PATCH', `${PATH}/clusters/west`, { metadata: asEast.metadata }, MERGE],
  ['to give its own Cluster east’s id', 'PATCH', `${PATH}/clusters/west`, { spec: asEast.spec }, MERGE],
  ['to take away its own Cluster’s label', 'PATCH', `${PATH}/clusters/west`, { metadata: { labels: null } }, MERGE],
  ['to delete east’s Cluster', 'DELETE', `${PATH}/clusters/east`],
  ['to delete east’s Endpoint', 'DELETE', `${PATH}/endpoints/${EAST_ENDPOINT}`],
  ['to delete all Clusters', 'DELETE', `${PATH}/clusters`],
  ['to delete all Endpoints of east', 'DELETE', `${PATH}/endpoints?labelSelector=submariner-io%2FclusterID%3Deast`],
  ['to create a second Endpoint for east', 'POST', `${PATH}/endpoints`, endpoint('east', 3)],
  ['to create a Cluster of another id', 'POST', `${PATH}/clusters`, cluster('north', 4)],
  ['to occupy the name of a Cluster to come with its own id', 'POST', `${PATH}/clusters`, claim('west')],
  ['to occupy that name by apply', 'PATCH', `${PATH}/clusters/north?fieldManager=x`, claim('west'), APPLY],
  [
    'to occupy the name of an Endpoint of east',
    'POST',
    `${PATH}/endpoints`,
    named(endpoint('west', 1), 'east-submariner-cable-east-172-16-9-1'),
  ],
  [
    'to have a name made for it',
    'POST',
    `${PATH}/clusters`,
    { ...claim('west'), metadata: { ...claim('west').metadata, name: undefined, generateName: 'east-' } },
  ],
  [
    'to create an Endpoint with a cable of east',
    'POST',
    `${PATH}/endpoints`,
    { ...endpoint('west', 5), spec: { ...endpointOf('west', { n: 5 }).spec, cable_name: 'submariner-cable-east-172-16-2-1' } },
  ],
  [
    'to create an Endpoint without a label',
    'POST',
    `${PATH}/endpoints`,
    { ...endpoint('west', 5), metadata: { ...meta, name: 'west-submariner-cable-west-172-16-5-1' } },
  ],
  ['to read secrets', 'GET', SECRETS],
  ['to watch secrets', 'GET', `${SECRETS}?watch=true&timeoutSeconds=1`],
  ['to read the clusterset’s key', 'GET', `${SECRETS}/submariner-ipsec-psk`],
  ['to read east’s token', 'GET', `${SECRETS}/cluster-east-token`],
  ['to read its own token', 'GET', `${SECRETS}/cluster-west-token`],
  [
    'to have a token of east’s account made',
    'POST',
    `${ACCOUNTS}/cluster-east/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  ],
  [
    'to make a Secret for a token of east’s',
    'POST',
    SECRETS,
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'mine', annotations: { 'kubernetes.io/service-account.name': 'cluster-east' } },
      type: 'kubernetes.io/service-account-token',
    },
  ],
  ['to see who else is a member by account', 'GET', ACCOUNTS],
  [
    'to give itself rights',
    'POST',
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${BROKER_NAMESPACE}/rolebindings`,
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'mine' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'submariner-k8s-broker-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'cluster-west', namespace: BROKER_NAMESPACE }],
    },
  ],
  ['to read Clusters of another namespace', 'GET', '/apis/submariner.io/v1/namespaces/default/clusters'],
  ['to read Clusters of all namespaces', 'GET', '/apis/submariner.io/v1/clusters'],
  ['to delete the namespace', 'DELETE', `/api/v1/namespaces/${BROKER_NAMESPACE}`],
  ['to change what a Cluster is', 'DELETE', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/clusters.submariner.io'],
]

function rights(open: () => OpenBroker): void {
  const shared = async (): Promise<unknown> => {
    const { admin } = open()
    const lists = await Promise.all([admin.list('Cluster'), admin.list('Endpoint'), admin.list('Secret'), admin.list('RoleBinding')])
    return lists.map(({ items }) => items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`).sort())
  }

  it.each(ATTEMPTS.map((attempt) => [attempt[0], attempt] as const))('fails %s', async (_, [, method, path, body, type]) => {
    const { place, token } = open()
    const before = await shared()
    const { status } = await tryAt(place, token)(method, path, body, type)
    // 415: a kind of patch that the server does not take; 404: a subresource that it has not; 405: a method.
    expect([403, 422, ...(type === STRATEGIC ? [415] : []), ...(path.endsWith('/token') ? [404, 405] : [])]).toContain(status)
    expect(await shared()).toEqual(before)
  })

  it('may read every member’s objects, and change, add and remove its own', async () => {
    const { place, token, admin } = open()
    const attempt = tryAt(place, token)
    for (const kind of ['clusters', 'endpoints']) expect((await attempt('GET', `${PATH}/${kind}`)).status).toBe(200)
    expect((await attempt('PATCH', `${PATH}/clusters/west`, { spec: { cluster_cidr: ['10.77.0.0/16'] } }, MERGE)).status).toBe(200)
    expect((await attempt('POST', `${PATH}/endpoints`, endpoint('west', 6))).status).toBe(201)
    expect((await attempt('DELETE', `${PATH}/endpoints/west-submariner-cable-west-172-16-6-1`)).status).toBe(200)
    expect((await admin.list('Endpoint')).items).toHaveLength(2)
  })
}

describeBrokers('a member’s credential', rights)
