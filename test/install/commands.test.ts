// deploy-broker and join as far as no server is needed: time limits, old servers, the file on a disk, a person at a terminal.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as pathOf } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { readBrokerInfo, writeBrokerInfo } from '../../src/broker/info.ts'
import { main } from '../../src/commands/cli/main.ts'
import type { Context, KubeOptions } from '../../src/commands/context.ts'
import { laptopRuns } from '../../src/commands/runs/laptop.ts'
import { labelled, mcsCrds, memberCrds } from '../../src/install/objects/manifests.ts'
import { keptApart } from '../../src/install/version.ts'
import { UserError } from '../../src/model/errors.ts'
import type { Resource } from '../../src/model/resources.ts'
import { realFiles } from '../../src/system/files.ts'
import { clusterOf } from '../fakes/clusters.ts'
import { fakeWorld } from '../fakes/context.ts'
import { type FakeCluster, fakeCluster } from '../fakes/kube.ts'
import { KUBEADM } from './names/corefiles.ts'

const BROKER_URL = 'https://broker.example:6443'
const CA = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n'
const INFO = {
  brokerUrl: BROKER_URL,
  namespace: 'submariner-k8s-broker',
  token: 'eyJhbGciOi.token',
  ca: CA,
  psk: Buffer.from('p'.repeat(48)).toString('base64'),
  components: ['connectivity'],
  customDomains: [],
}
const encode = (text: string): string => Buffer.from(text).toString('base64')
const object = (kind: string, apiVersion: string, name: string, rest: object = {}): Resource => {
  const namespace = ['Secret', 'Role'].includes(kind) ? { namespace: INFO.namespace } : {}
  return { apiVersion, kind, metadata: { name, ...namespace }, ...rest }
}

/** A cluster on which the controllers of Kubernetes have done their part already. */
function readyBroker(): FakeCluster {
  const cluster = fakeCluster()
  for (const plural of ['clusters', 'endpoints'])
    cluster.put(object('CustomResourceDefinition', 'apiextensions.k8s.io/v1', `${plural}.submariner.io`))
  cluster.put(labelled(object('CustomResourceDefinition', 'apiextensions.k8s.io/v1', 'serviceimports.multicluster.x-k8s.io')))
  const data = { token: encode(INFO.token), 'ca.crt': encode(CA), namespace: encode(INFO.namespace) }
  cluster.put(object('Secret', 'v1', 'submariner-k8s-broker-admin-token', { data }))
  return cluster
}

function cluster(nodes: readonly string[]): FakeCluster {
  const made = fakeCluster()
  made.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system', uid: 'uid-west' } })
  nodes.forEach((name, i) => {
    const status = { addresses: [{ type: 'InternalIP', address: `172.16.1.${i + 1}` }], conditions: [{ type: 'Ready', status: 'True' }] }
    made.put({ apiVersion: 'v1', kind: 'Node', metadata: { name }, ...{ status } })
  })
  return made
}

interface On {
  readonly broker: FakeCluster
  readonly cluster?: FakeCluster
  readonly answers?: readonly string[]
  readonly files?: Context['files']
}
async function run(line: string, on: On) {
  const world = fakeWorld({ files: { 'broker-info.subm': writeBrokerInfo(INFO) }, ...(on.answers && { answers: on.answers }) })
  const kube = async ({ access }: KubeOptions) => (access === undefined && on.cluster ? on.cluster.api() : on.broker.api())
  const code = await main(line.split(' '), { ...world.context, kube, ...(on.files && { files: on.files }) }, laptopRuns)
  return { code, out: world.out(), err: world.err() }
}

describe('deploy-broker', () => {
  const line = `deploy-broker --broker-url ${BROKER_URL}`
  const folder = mkdtempSync(pathOf(tmpdir(), 'subctl-deploy-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('writes the file for its owner alone, and keeps what was there under another name', async () => {
    const file = pathOf(folder, 'deep', 'broker-info.subm')
    mkdirSync(pathOf(folder, 'deep'))
    const broker = readyBroker()
    expect(await run(`${line} --file ${file}`, { broker, files: realFiles })).toMatchObject({ code: 0 })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readBrokerInfo(readFileSync(file, 'utf8'))).toMatchObject({ brokerUrl: BROKER_URL, token: INFO.token, ca: CA })
    writeFileSync(file, 'older')
    expect((await run(`${line} --file ${file}`, { broker, files: realFiles })).out).toContain('The file that was there is kept as')
    const kept = readdirSync(pathOf(folder, 'deep')).filter((name) => name !== 'broker-info.subm')
    expect(kept).toEqual([expect.stringMatching(/^broker-info\.subm\.\d{4}-\d\d-\d\dT\d\d_\d\d_\d\dZ$/)])
    expect(readFileSync(pathOf(folder, 'deep', kept[0] ?? ''), 'utf8')).toBe('older')
    chmodSync(file, 0o644)
    expect((await run(`${line} --file ${file}`, { broker, files: realFiles })).out).toContain('is unchanged')
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('tells mistakes on the command line before it asks anybody', async () => {
    const nobody = fakeCluster()
    const kube = () => Promise.reject(new Error('asked'))
    for (const wrong of [
      '--timeout soon',
      '--emit json',
      '--broker-url http://hub',
      '--broker-url https://127.0.0.1:1',
      '--broker-url garbage',
      '--broker-url a_b:1',
    ]) {
      const { context, err } = fakeWorld()
      expect(await main(`deploy-broker ${wrong}`.split(' '), { ...context, kube }, laptopRuns)).not.toBe(0)
      expect(err()).toMatch(/^error SUB0(101|412): /)
    }
    for (const wrong of [
      '--timeout soon',
      '--natt-port 0',
      '--natt-port 4800',
      '--public-ip ipv4:999.1.1.1',
      '--public-ip x',
      '--public-ip ipv4:127.0.0.1',
      '--health-check-interval 0',
    ])
      expect(await run(`join --cluster-id west ${wrong}`, { broker: nobody })).toMatchObject({
        code: 64,
        err: expect.stringMatching(/^error SUB0101: /),
      })
  })

  it('makes no folder for its file, and then nothing else either', async () => {
    const broker = readyBroker()
    const before = broker.objects('Namespace').length
    const refused = await run(`${line} --file ${pathOf(folder, 'none', 'x.subm')}`, { broker, files: realFiles })
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^error SUB0103: .*its folder is not there/) })
    expect(broker.objects('Namespace').length).toBe(before)
    expect(readdirSync(folder)).not.toContain('none')
  })

  it.each([
    ['a folder', '', 'it is a folder'],
    ['a file as folder', 'there/x.subm', 'there is no folder'],
    ['a device', '../../dev/null', 'it is there, and no file'],
  ])('changes nothing where its file cannot be written: %s', async (_, name, why) => {
    const broker = readyBroker()
    writeFileSync(pathOf(folder, 'there'), '')
    const path = name.startsWith('..') ? '/dev/null' : pathOf(folder, name)
    const refused = await run(`${line} --file ${path}`, { broker, files: realFiles })
    expect(refused).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^error SUB0103: /) })
    expect(refused.err).toContain(why)
    expect(broker.objects('Namespace')).toEqual([])
  })

  it('keeps the key of a clusterset that is there, and refuses a damaged one', async () => {
    const broker = readyBroker()
    broker.put(object('Secret', 'v1', 'submariner-ipsec-psk', { data: { psk: INFO.psk } }))
    const { out } = await run(`${line} -o json`, { broker })
    expect(JSON.parse(out)).toMatchObject({ kind: 'DeployBroker', brokerUrl: BROKER_URL, plan: false })
    expect(broker.objects('Secret').find(({ metadata }) => metadata.name === 'submariner-ipsec-psk')?.data?.psk).toBe(INFO.psk)
    broker.put(object('Secret', 'v1', 'submariner-ipsec-psk', { data: { psk: encode('short') } }))
    expect((await run(line, { broker })).err).toMatch(/^error SUB0419: .*\n/m)
  })

  it('warns where it makes a new key for members that have another', async () => {
    const broker = readyBroker()
    expect((await run(line, { broker })).err).not.toContain('has a new one')
    broker.drop('Secret', 'submariner-ipsec-psk', 'submariner-k8s-broker')
    broker.put({ ...clusterOf('east'), metadata: { name: 'east', namespace: 'submariner-k8s-broker' } })
    expect((await run(line, { broker })).err).toMatch(/warning: the broker has members \(east\) .* has a new one/)
  })

  it('gives up at its time limit with what it waits for, to be run again', async () => {
    expect(await run(`${line} --timeout 300ms`, { broker: fakeCluster() })).toMatchObject({
      code: 75,
      err: expect.stringMatching(/error SUB0105: Time ran out: the kind clusters\.submariner\.io is not served yet/),
    })
    const broker = readyBroker()
    broker.drop('Secret', 'submariner-k8s-broker-admin-token', INFO.namespace)
    expect(await run(`${line} --timeout 300ms`, { broker })).toMatchObject({ code: 75, err: expect.stringContaining('error SUB0303: ') })
  })

  it.each([
    ['v1.34.4', false, 'policy'],
    ['v1.30.0+k3s1', false, 'policy'],
    ['v2.0.0', false, 'policy'],
    ['v1.29.9', true, 'shared'],
    ['v1.34.0+subctl-0.1.0-abc', false, 'server'],
  ])('finds of a %s server, shared rights accepted: %s, that members are kept apart by: %s', (version, shared, how) =>
    expect(keptApart(version, { shared })).toBe(how),
  )
  it.each(['v1.29.9', 'v0.9', '', 'rubbish'])('refuses a %s server that cannot keep members apart', (version) =>
    expect(() => keptApart(version, { shared: false })).toThrow(UserError),
  )
})

describe('uninstall --all', () => {
  it('names the others where there are any, and no empty list of them', async () => {
    const broker = readyBroker()
    const metadata = { name: 'cluster-west', namespace: INFO.namespace, labels: { 'submariner-io/clusterID': 'west' } }
    broker.put({ apiVersion: 'v1', kind: 'ServiceAccount', metadata })
    const { code, err } = await run('uninstall broker-info.subm --all --yes', { broker })
    expect([code, err]).toEqual([1, expect.stringContaining('error SUB0809: No context of the kubeconfig leads to "west"')])
    expect(err).toContain('What is gone for good: subctl forget west')
    expect(err).not.toContain('--contexts')
  })
})

describe('join', () => {
  const line = 'join --cluster-id west --pod-cidr 10.1.0.0/16 --service-cidr 100.1.0.0/16 --timeout 300ms'
  const broker = (): FakeCluster => {
    const made = readyBroker()
    made.put(object('Role', 'rbac.authorization.k8s.io/v1', 'submariner-k8s-broker-cluster'))
    made.answer('/apis/multicluster.x-k8s.io/v1beta1', JSON.stringify({ resources: [{ name: 'serviceimports' }] }))
    return made
  }

  it('refuses a broker that does not know services, unless they are left out', async () => {
    const older = broker()
    older.answer('/apis/multicluster.x-k8s.io/v1beta1', JSON.stringify({ resources: [] }))
    const on = { broker: older, cluster: cluster(['a']) }
    expect(await run(`${line} --plan`, on)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('error SUB0431: The broker at '),
    })
    expect(await run(`${line} --plan --service-discovery false`, on)).toMatchObject({ code: 0 })
  })

  it('uses the kinds of another program where they do, leaves them as they are, and refuses in a sentence where they do not', async () => {
    const foreign = (...versions: readonly string[]): FakeCluster => {
      const made = cluster(['a'])
      for (const plural of ['serviceexports', 'serviceimports'])
        made.put(
          object('CustomResourceDefinition', 'apiextensions.k8s.io/v1', `${plural}.multicluster.x-k8s.io`, {
            spec: { versions: versions.map((name) => ({ name, served: true })) },
          }),
        )
      return made
    }
    const taken = await run(`${line} --plan`, { broker: broker(), cluster: foreign('v1alpha1', 'v1beta1') })
    expect(taken).toMatchObject({ code: 0, out: expect.stringContaining('+ Deployment submariner/submariner-discovery') })
    expect(taken.out).not.toContain('multicluster.x-k8s.io')
    const old = { broker: broker(), cluster: foreign('v1alpha1') }
    expect(await run(`${line} --plan`, old)).toMatchObject({
      code: 1,
      err: expect.stringContaining('the CRD serviceexports.multicluster.x-k8s.io is another program’s and serves v1alpha1, not v1beta1;'),
    })
    expect(await run(`${line} --plan --service-discovery false`, old)).toMatchObject({ code: 0 })
  })

  it('asks a person which node shall be the gateway, once cluster and broker agree', async () => {
    const asked = await run(line, { broker: broker(), cluster: cluster(['a', 'b']), answers: ['2'] })
    expect(asked.err).toMatch(/gateways +b +your answer/)
    const again = await run(line, { broker: broker(), cluster: cluster(['a', 'b']), answers: ['3', 'c', 'b'] })
    expect(again.err).toMatch(/gateways +b +your answer/)
    const both = await run(line, { broker: broker(), cluster: cluster(['a', 'b', 'c']), answers: ['3,x', 'c, 1'] })
    expect(both.err).toMatch(/gateways +a, c +your answer/)
    const refused = await run(line, { broker: fakeCluster(), cluster: cluster(['a', 'b']), answers: [] })
    expect(refused.err).toContain('error SUB0411')
    expect(refused.err).not.toContain('gateways')
  })

  it('says at the top of what it emits that the change of the cluster’s own DNS is not among it', async () => {
    const west = cluster(['a'])
    const first = async (): Promise<string> =>
      (await run(`${line} --emit yaml`, { broker: broker(), cluster: west })).out.split('---')[0] ?? ''
    expect(await first()).not.toContain('DNS')
    const [metadata, labels] = [{ namespace: 'kube-system', name: 'coredns' }, { 'k8s-app': 'kube-dns' }]
    west.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata, ...{ data: { Corefile: KUBEADM } } })
    const containers = [{ name: 'coredns', image: 'coredns:1.12.4', volumeMounts: [{ name: 'c', mountPath: '/etc/coredns' }] }]
    const spec = { template: { spec: { containers, volumes: [{ name: 'c', configMap: { name: 'coredns' } }] } } }
    west.put({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...metadata, labels }, ...{ spec } })
    expect(await first()).toMatch(
      /\n# Not among these: the change of the cluster's own DNS .*--dns multicluster\)\.\n# subctl join --cluster-id west --plan prints/,
    )
  })

  it('takes the best node where nobody is asked, and says why', async () => {
    const { err } = await run(`${line} --yes`, { broker: broker(), cluster: cluster(['a', 'b']), answers: ['2'] })
    expect(err).toMatch(/gateways +a +chosen: worker, ready; --gateway NODE takes another/)
  })

  /** A cluster that has joined with the flags; its CoreDNS comes after that, and no pod can look names up any more. */
  async function joined(flags: string, corefile: string, version: string) {
    const [hub, west] = [broker(), cluster(['a'])]
    const data = { token: encode('t'), 'ca.crt': encode(CA), namespace: encode(INFO.namespace) }
    hub.put(object('Secret', 'v1', 'cluster-west-token', { data }))
    for (const crd of [...memberCrds(), ...mcsCrds()])
      west.put({ ...crd, ...{ status: { conditions: [{ type: 'Established', status: 'True' }] } } })
    expect(await run(`${line} ${flags}`, { broker: hub, cluster: west })).toMatchObject({ code: 0 })
    const [metadata, labels] = [{ namespace: 'kube-system', name: 'coredns' }, { 'k8s-app': 'kube-dns' }]
    west.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata, ...{ data: { Corefile: corefile } } })
    const containers = [{ name: 'coredns', image: `coredns:${version}`, volumeMounts: [{ name: 'c', mountPath: '/etc/coredns' }] }]
    const spec = { template: { spec: { containers, volumes: [{ name: 'c', configMap: { name: 'coredns' } }] } } }
    west.put({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...metadata, labels }, ...{ spec } })
    const [node] = west.objects('Node')
    if (node !== undefined) west.put({ ...node, ...{ status: { ...node.status, conditions: [{ type: 'Ready', status: 'False' }] } } })
    const settings = () => west.objects('ConfigMap').find(({ metadata: { name } }) => name === 'submariner-settings')?.data
    // An API that says yes to whatever review it is asked for.
    const api = () => {
      const plain = west.api()
      const create = async (one: Resource) =>
        one.kind === 'SubjectAccessReview' ? { ...one, status: { allowed: true } } : plain.create(one)
      return Object.assign(Object.create(plain), { create })
    }
    const again = (more: string) => run(`${line} ${more}`, { broker: hub, cluster: { ...west, api } })
    return { west, again, settings }
  }

  it('where the cluster’s DNS cannot be changed, leaves the settings of names as they were', async () => {
    const { again, settings } = await joined('--dns none', KUBEADM, '1.11.3')
    const failed = await again('--dns own --zone apps.example --balance spread')
    expect(failed).toMatchObject({ code: 1, err: expect.stringContaining('error SUB1005: ') })
    expect(failed.err).toContain('names: the settings say --dns none again')
    expect(settings()).toMatchObject({
      SUBMARINER_DNS: 'none',
      SUBMARINER_DNS_ZONES: 'clusterset.local',
      SUBMARINER_SERVICEBALANCE: 'spread',
    })
  })

  it('takes our DNS server out only where the cluster’s DNS does not ask it any more', async () => {
    const forwards = `# BEGIN subctl\nclusterset.local:53 {\n    forward . 10.96.0.53\n}\n# END subctl\n${KUBEADM}`
    const { west, again, settings } = await joined('--dns own', forwards, '1.12.4')
    const served = (name: string, kind: string): string =>
      JSON.stringify({ resources: [{ name, kind, namespaced: true, verbs: ['get', 'list', 'delete'] }] })
    const [apps, rbac] = ['apps/v1', 'rbac.authorization.k8s.io/v1']
    west.answer('/apis', JSON.stringify({ groups: [apps, rbac].map((groupVersion) => ({ preferredVersion: { groupVersion } })) }))
    west.answer('/api/v1', JSON.stringify({ resources: [] }))
    west.answer(`/apis/${apps}`, served('deployments', 'Deployment'))
    west.answer(`/apis/${rbac}`, served('roles', 'Role'))
    const own = west.objects('Deployment').filter(({ metadata: { name } }) => name === 'submariner-dns')
    expect(own).toHaveLength(1)
    for (const where of ['', '/namespaces/submariner', `/namespaces/${INFO.namespace}`]) {
      west.answer(`/apis/${apps}${where}/deployments`, JSON.stringify({ items: where.endsWith('broker') ? [] : own }))
      west.answer(`/apis/${rbac}${where}/roles`, '{"items":[]}')
    }
    const left = await again('--dns auto')
    expect(left).toMatchObject({
      code: 0,
      err: expect.stringMatching(/note: The cluster’s DNS was not changed: .*SUB1005/),
    })
    expect(west.objects('Deployment').map(({ metadata: { name } }) => name)).toContain('submariner-dns')
    expect(settings()).toMatchObject({ SUBMARINER_DNS: 'auto' })
  })

  it('says which flags of services come to nothing without services, in a plan too', async () => {
    const { code, err } = await run(`${line} --plan --service-discovery false --dns own`, { broker: broker(), cluster: cluster(['a']) })
    expect([code, err]).toEqual([0, expect.stringContaining('note: --dns without effect, since --service-discovery is false')])
  })

  it('gives up where the broker makes no token, with the cluster as it was', async () => {
    const west = cluster(['a'])
    expect(await run(line, { broker: broker(), cluster: west })).toMatchObject({
      code: 75,
      err: expect.stringContaining('error SUB0303: '),
    })
    expect(west.objects('Secret')).toEqual([])
    expect(west.objects('CustomResourceDefinition')).toEqual([])
  })

  it('lets a cluster whose account does not say whose it is keep its id', async () => {
    const made = broker()
    made.put({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'cluster-west', namespace: INFO.namespace } })
    const { code, err } = await run(line, { broker: made, cluster: cluster(['a']) })
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('error SUB0402: ') })
    expect(err).toContain('a cluster that does not say which it is')
    expect(err).toMatch(/subctl forget west\. An account that Helm made for this cluster .* `clusters` of the chart submariner-k8s-broker/)
  })

  it.each([
    ['--pod-cidr 10.1.0.0/16,10.1.0.0/24', 'SUB0101: --pod-cidr names 10.1.0.0/16 and 10.1.0.0/24, which overlap'],
    ['--service-cidr 100.1.0.0/16,100.1.0.0/16', 'SUB0101: --service-cidr names'],
    ['--pod-cidr fd00::/64', 'SUB0418: Cannot join: pods fd00::/64 is not an IPv4 network'],
    ['--service-cidr 127.1.0.0/16', 'SUB0418: Cannot join: services 127.1.0.0/16 overlap loopback addresses'],
    ['--with-secrets', 'SUB0101: --with-secrets says what --emit prints'],
  ])('refuses %s before it asks anybody', async (wrong, message) => {
    const { code, err } = await run(`join --cluster-id west ${wrong}`, { broker: fakeCluster() })
    expect({ code, err }).toMatchObject({ code: 64, err: expect.stringContaining(`error ${message}`) })
  })

  it.each([
    ['join --cluster-id My_West', 'SUB0401', 'such as --cluster-id my-west'],
    ['join --cluster-id -- ', 'SUB0401', 'such as --cluster-id west'],
    ['join --cluster-id west --broker-url garbage', 'SUB0412', '--broker-url https://hub.example:6443'],
    [`${line} --gateway nosuch`, 'SUB0413', 'Its nodes: a, b'],
  ])('%s is a mistake on the command line', async (wrong, id, hint) => {
    const { code, err } = await run(wrong.trim(), { broker: broker(), cluster: cluster(['a', 'b']) })
    expect({ code, err }).toMatchObject({ code: 64, err: expect.stringContaining(`error ${id}: `) })
    expect(err).toContain(hint)
  })

  it('names the context in what is to be typed next, where the command had one', async () => {
    const west = cluster(['a'])
    west.put({
      ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'submariner-settings', namespace: 'submariner' } },
      ...{ data: { SUBMARINER_CLUSTERID: 'other' } },
    })
    const { err } = await run(`${line} --context east`, { broker: broker(), cluster: west })
    expect(err).toContain('error SUB0415: ')
    expect(err).toContain('take it out first: subctl uninstall --context east')
  })

  it('says of a broker file that never ends what is wrong with it', async () => {
    const { code, err } = await run('join /dev/zero --cluster-id west', { broker: broker(), files: realFiles })
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('/dev/zero is a device that does not end') })
  })

  it('refuses more gateways than there are nodes', async () => {
    const { code, err } = await run(`${line} --gateways 3`, { broker: broker(), cluster: cluster(['a', 'b']) })
    expect({ code, err }).toMatchObject({
      code: 64,
      err: expect.stringContaining('error SUB0413: This cluster has 2 nodes that could be gateways'),
    })
    const { err: enough } = await run(`${line} --gateways 2`, { broker: broker(), cluster: cluster(['a', 'b']) })
    expect(enough).toMatch(/gateways +a, b/)
  })

  it('tells a program why it failed, and the same to people', async () => {
    const { code, out, err } = await run(`${line} -o json`, { broker: broker(), cluster: cluster(['a']) })
    const { error, ...rest } = JSON.parse(out)
    expect(code).toBe(75)
    expect(rest).toMatchObject({ apiVersion: 'subctl.submariner.io/v1', kind: 'Error' })

    expect([rest.steps.at(-1).what, rest.notDone[0]]).toEqual([
      `Secret ${INFO.namespace}/cluster-west-token`,
      `Cluster ${INFO.namespace}/west`,
    ])
    expect(error).toMatchObject({ id: 'SUB0303', exitCode: 75 })
    expect(err).toContain(`error SUB0303: ${error.message}\n${error.hint}\n`)
  })

  it('interrupted, says that it had begun and that it goes on when run again', async () => {
    const world = fakeWorld({ files: { 'broker-info.subm': writeBrokerInfo(INFO) } })
    const [west, hub] = [cluster(['a']), broker()]
    const kube = async ({ access }: KubeOptions) => (access === undefined ? west.api() : hub.api())
    const clock: Context['clock'] = {
      ...world.context.clock,
      // It waits for the token of its account, which nobody makes here.
      sleep: (ms, signal) => {
        world.end()
        return world.context.clock.sleep(ms, signal)
      },
    }
    const code = await main(line.replace('300ms', '1m').split(' '), { ...world.context, clock, kube }, laptopRuns)
    expect(code).toBe(130)
    const done = `What was done stays: 3 steps, the last of them Secret ${INFO.namespace}/cluster-west-token: created.`
    expect(world.err()).toContain(`interrupted\n${done} Not done yet: Cluster ${INFO.namespace}/west, `)
    expect(world.err()).toMatch(/ more\. Run the same command again: it goes on where it stopped\.\n$/)
  })
})
