import { describe, expect, it } from '@jest/globals'
import { fixedAccess } from '../../src/k8s/access.ts'
import { openApi } from '../../src/k8s/client.ts'
import { parseObjects } from '../../src/k8s/yaml.ts'
import { IMPORTED, TIMESTAMP_PREFIX } from '../../src/model/mcs.ts'
import { describePlanes, done, type Ran, runOn } from '../cluster/plane-suite.ts'
import { type Bed, BROKER_URL, centralBed, FILE, realBed, SERVICES, versionsOf } from './beds.ts'
import { putImports, putShared, sharedOn } from './shared-services.ts'

const joinLine = (id: string, context: 'west' | 'east', more = ''): string =>
  `join --cluster-id ${id} --context ${context} --service-cidr ${SERVICES[context]}${more === '' ? '' : ` ${more}`}`
const refusal = (ran: Ran): string => {
  expect(ran.err).not.toContain('a fault of subctl')
  return `${ran.code} ${/^error (SUB\d+): (.*)$/m.exec(ran.err)?.[0] ?? ran.err}`
}
/** Every Secret's values of an API, which must be in no output. */
async function secretsIn({ broker, west }: Bed): Promise<readonly string[]> {
  const all = await Promise.all([broker, west].map((api) => api.list('Secret')))
  return all
    .flatMap(({ items }) => items.flatMap(({ data = {} }) => [data.token, data.psk].filter((text) => text !== undefined && text !== '')))
    .flatMap((text) => [text ?? '', Buffer.from(text ?? '', 'base64').toString('utf8')])
}

describePlanes('deploy-broker on a real API server', () => {
  const bed = realBed()

  it('with --plan says what it would create, and changes nothing', async () => {
    const before = await versionsOf(bed().broker)
    const { out } = done(await runOn(bed().laptop, `deploy-broker --context broker --broker-url ${BROKER_URL} --plan`))
    expect(out).toContain('+ ValidatingAdmissionPolicy submariner-broker-own-objects')
    expect(out).toMatch(/Plan: \d+ to create, 0 to change, 0 unchanged\. Nothing was changed\.\n$/)
    expect(await versionsOf(bed().broker)).toEqual(before)
    expect(bed().laptop.files.size).toBe(0)
  })

  it('makes the broker and its file; run again it changes nothing', async () => {
    const { laptop, broker } = bed()
    done(await runOn(laptop, `deploy-broker --context broker --broker-url ${BROKER_URL}`))
    const [file, before] = [laptop.files.get(FILE), await versionsOf(broker)]
    expect(file).toMatch(/^[A-Za-z0-9_-]+=*\n$/)
    const { out } = done(await runOn(laptop, `deploy-broker --context broker --broker-url ${BROKER_URL}`))
    expect(out).toMatch(/^0 created, 0 changed, \d+ unchanged\.\n\nbroker-info\.subm is unchanged\.\n/)
    expect(await versionsOf(broker)).toEqual(before)
    expect([...laptop.files]).toEqual([[FILE, file]])
  })

  it('writes no loopback address: it takes what the API server’s own endpoints say, and keeps the older file', async () => {
    const { laptop } = bed()
    const { err } = done(await runOn(laptop, 'deploy-broker --context broker'))
    expect(err).toContain('Clusters will reach the broker at https://192.0.2.1:')
    expect([...laptop.files.keys()].sort()).toEqual([FILE, expect.stringMatching(/^broker-info\.subm\.\d{4}-\d\d-\d\dT\d\d_\d\d_\d\dZ$/)])
    done(await runOn(laptop, `deploy-broker --context broker --broker-url ${BROKER_URL}`))
  })
})

const BEDS = [
  { title: 'real API servers', describeIt: describePlanes, open: realBed, deploy: true },
  {
    title: 'central API servers',
    describeIt: (title: string, tests: () => void) => describe(title, tests),
    open: centralBed,
    deploy: false,
  },
]
for (const { title, describeIt, open, deploy } of BEDS)
  describeIt(`join on ${title}`, () => {
    const bed = open()

    it('with --plan says what it would do on both sides, and changes nothing', async () => {
      const { laptop, broker, west } = bed()
      if (deploy) done(await runOn(laptop, `deploy-broker --context broker --broker-url ${BROKER_URL}`))
      const before = [await versionsOf(broker), await versionsOf(west)]
      const { out } = done(await runOn(laptop, joinLine('west', 'west', '--plan')))
      expect(out).toContain('+ ServiceAccount submariner-k8s-broker/cluster-west')
      expect(out).toContain('+ Secret submariner/submariner-broker-secret')
      expect(out).toContain('~ Node gw')
      expect([await versionsOf(broker), await versionsOf(west)]).toEqual(before)
    })

    it('makes the member on both sides and says which ports to open; run again it changes nothing', async () => {
      const { laptop, broker, west } = bed()
      const { out, err } = done(await runOn(laptop, joinLine('west', 'west')))
      expect(err).toContain('the podCIDRs of 2 nodes')
      expect(out).toContain(`Cluster "west" has joined the clusterset of ${BROKER_URL}.`)
      expect(out).toMatch(/4500\/udp .*\n.*4800\/udp .*\n.*6443\/tcp .* to broker\.example: the broker/)
      expect((await broker.get('Cluster', 'west', 'submariner-k8s-broker'))?.spec.cluster_cidr).toEqual(['10.1.0.0/16'])
      expect((await west.get('Node', 'gw'))?.metadata.labels).toMatchObject({ 'submariner.io/gateway': 'true' })
      const before = [await versionsOf(broker), await versionsOf(west)]
      const again = JSON.parse(done(await runOn(laptop, joinLine('west', 'west', '-o json'))).out)
      expect(new Set(again.objects.map(({ action }: { action: string }) => action))).toEqual(new Set(['unchanged']))
      expect([await versionsOf(broker), await versionsOf(west)]).toEqual(before)
    })

    it('leaves a credential that reads the broker’s Clusters and no secret', async () => {
      const { laptop, west } = bed()
      const data = (await west.get('Secret', 'submariner-broker-secret', 'submariner'))?.data ?? {}
      const [token = '', ca = '', namespace = ''] = ['token', 'ca.crt', 'namespace'].map((key) =>
        Buffer.from(data[key] ?? '', 'base64').toString(),
      )
      const api = openApi(fixedAccess(laptop.hosts?.[BROKER_URL] ?? '', { token, ca }))
      expect((await api.list('Cluster', { namespace })).items.map(({ metadata }) => metadata.name)).toEqual(['west'])
      await expect(api.list('Secret', { namespace })).rejects.toMatchObject({ code: 403 })
    })

    it('tells no secret, neither in what it prints nor as YAML', async () => {
      const { laptop } = bed()
      const secrets = await secretsIn(bed())
      expect(secrets.length).toBeGreaterThan(4)
      const runs = await Promise.all(
        ['--plan', '--emit yaml', '-o json', '-o yaml'].map((more) => runOn(laptop, joinLine('west', 'west', more))),
      )
      const said = runs.map((ran) => done(ran).out + ran.err).join('\n')
      expect(secrets.filter((secret) => said.includes(secret))).toEqual([])
      expect(parseObjects(runs[1]?.out ?? '').map(({ kind }) => kind)).toEqual(
        expect.arrayContaining(['ConfigMap', 'Node', 'CustomResourceDefinition']),
      )
    })

    it('again with other settings changes those, and nothing else', async () => {
      const { laptop, west } = bed()
      const before = await versionsOf(west)
      const { out } = done(await runOn(laptop, joinLine('west', 'west', '--natt-port 4501 --gateway worker')))
      expect(out).toContain('data.CE_IPSEC_NATTPORT: "4500" -> "4501"')
      const after = await versionsOf(west)
      const changed = Object.keys(after).filter((name) => after[name] !== before[name])
      const restarted = ['submariner-charon', 'submariner-gateway'].map((name) => `DaemonSet submariner/${name}`)
      expect(changed.sort()).toEqual(['ConfigMap submariner/submariner-settings', ...restarted, 'Node /worker'])
      done(await runOn(laptop, joinLine('west', 'west')))
      expect((await west.get('ConfigMap', 'submariner-settings', 'submariner'))?.data?.CE_IPSEC_NATTPORT).toBe('4500')
    })

    it('again without services takes out what the first put in and imports made, here and on the broker; users’ exports stay', async () => {
      const { laptop, broker, west } = bed()
      await putImports(west)
      await putShared(broker)
      const plan = done(await runOn(laptop, joinLine('west', 'west', '--service-discovery false --plan')))
      expect(plan.out).toContain('Services across clusters would be taken out:')
      expect(plan.out).toContain('- Deployment submariner/submariner-discovery, and its pods')
      expect(await west.get('ServiceImport', 'api', 'shop')).toBeDefined()
      const { out } = done(await runOn(laptop, joinLine('west', 'west', '--service-discovery false')))
      expect(out).toContain(
        '= CustomResourceDefinition serviceexports.multicluster.x-k8s.io stays: it holds objects of users, ServiceExport shop/web',
      )
      const left = Object.keys(await versionsOf(west)).filter((name) => /submariner-(discovery|dns|services)/.test(name))
      expect(left).toEqual([])
      expect((await west.list('EndpointSlice', { labels: { [IMPORTED]: '' } })).items).toEqual([])
      expect(await west.get('ServiceExport', 'web', 'shop')).toBeDefined()
      expect(await sharedOn(broker)).toEqual([`web-shop east ${TIMESTAMP_PREFIX}east`])
      expect((await west.get('ConfigMap', 'submariner-settings', 'submariner'))?.data?.SUBMARINER_SERVICEDISCOVERY).toBe('false')
      done(await runOn(laptop, joinLine('west', 'west')))
      expect(await west.get('Deployment', 'submariner-discovery', 'submariner')).toBeDefined()
      expect(await west.get('CustomResourceDefinition', 'serviceimports.multicluster.x-k8s.io')).toBeDefined()
    })

    it.each([
      ['an id that is another cluster’s', joinLine('west', 'east'), '1 error SUB0402: Cannot join: cluster id "west" is taken'],
      ['an id that is no label', joinLine('Big_Cluster', 'east'), '64 error SUB0401: "Big_Cluster" cannot be a cluster id'],
      ['a second id for a cluster', joinLine('other', 'west'), '1 error SUB0415: This cluster'],
      [
        'pods that overlap another cluster’s',
        joinLine('east', 'east', '--pod-cidr 10.0.0.0/15'),
        '1 error SUB0403: Cannot join cluster "east": pods 10.0.0.0/15 overlap pods of cluster "west" (10.1.0.0/16)',
      ],
      ['pods on the nodes’ network', joinLine('east', 'east', '--pod-cidr 172.16.0.0/12'), '1 error SUB0404: '],
      ['a gateway that is no node', joinLine('east', 'east', '--gateway gw9'), '64 error SUB0413: This cluster has no node "gw9"'],
      ['a broker at a loopback address', joinLine('east', 'east', '--broker-url https://127.0.0.1:6443'), '64 error SUB0412: '],
      [
        'a file that is not there',
        joinLine('east', 'east', '').replace('join', 'join nowhere.subm'),
        '1 error SUB0305: The broker file nowhere.subm cannot be read',
      ],
    ])('refuses %s, before it changes anything', async (_, line, message) => {
      const { laptop, broker, east } = bed()
      const before = [await versionsOf(broker), await versionsOf(east)]
      const ran = await runOn(laptop, line)
      expect(refusal(ran)).toContain(message)
      expect([await versionsOf(broker), await versionsOf(east)]).toEqual(before)
    })

    it('takes a second cluster of its own id and networks', async () => {
      const { laptop, broker, east } = bed()
      done(await runOn(laptop, joinLine('east', 'east', '--gateway worker')))
      expect((await broker.list('Cluster')).items.map(({ metadata }) => metadata.name).sort()).toEqual(
        expect.arrayContaining(['east', 'west']),
      )
      expect((await east.get('Node', 'gw'))?.metadata.labels?.['submariner.io/gateway']).toBeUndefined()
    })
  })
