// Services by name on real clusters: CoreDNS of west answers by itself, that of east forwards to our own server.
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { ServiceExport } from '../../src/model/mcs.ts'
import { BROKER_NAMESPACE } from '../../src/model/names.ts'
import type { ExecResult } from '../../src/system/exec.ts'
import { type Bed, startPlace, stopPlace } from '../cluster/bed.ts'
import { joinBed, subctl } from '../cluster/joined.ts'
import { describeImage, imageBed } from '../cluster/joined-harness.ts'
import { apiOf, brokerFile } from '../lab/access.ts'
import { MINUTE, report } from '../lab/harness.ts'
import { clusterOf } from '../lab/layout.ts'
import { deployBroker } from '../lab/subctl.ts'
import { until, wait } from '../lab/until.ts'
import {
  answerOf,
  apply,
  ask,
  balance,
  fetch,
  furnish,
  nameOf,
  namespace,
  on,
  podIps,
  readyOf,
  SHOP,
  service,
  slicesOf,
  tracesOf,
  vipOf,
  watchName,
  whoOf,
  ZONE,
} from './services-bed.ts'

const DNS = { west: 'multicluster', east: 'own' } as const
/** A further domain that has the names. */
const FURTHER = 'apps.example'

const exportAll = (bed: Bed): Promise<ExecResult> => subctl(bed, `export namespace ${SHOP} --contexts west,east --wait --timeout 2m`)

describeImage('services by name', () => {
  const test = imageBed({ name: 'services', gateways: 1 })
  beforeAll(async () => {
    await test.up()
    await test.explained(async (bed) => {
      await deployBroker(bed)
      for (const cluster of bed.layout.clusters)
        await joinBed(bed, cluster, ['--dns', DNS[cluster.name === 'west' ? 'west' : 'east'], '--zone', FURTHER])
      await furnish(bed)
    })()
  }, 9 * MINUTE)
  afterAll(() => test.down(), 2 * MINUTE)

  it(
    'verify exports services for the test, finds them by name from the other side by CoreDNS alone and by our server, and leaves none',
    test.explained(async (bed) => {
      const { stdout } = await subctl(bed, ['verify', '--contexts', 'west,east', '--test', 'SUB06(3[3-9]|4[01])', '-o', 'json'], {
        okCodes: [0, 2],
      })
      const { clusters } = JSON.parse(stdout) as Report
      const said = clusters.flatMap(({ context, checks }) => checks.map(({ id, result, reason }) => [context, id, result, reason ?? '']))
      expect(said.filter(([, , result]) => result !== 'ok')).toEqual([])
      expect(said).toHaveLength(18)
      const noteOf = (context: string, id: string) =>
        clusters.find((one) => one.context === context)?.checks.find((one) => one.id === id)?.note ?? ''
      expect([noteOf('west', 'SUB0635'), noteOf('east', 'SUB0635')]).toEqual([
        expect.stringMatching(/^multicluster: /),
        expect.stringMatching(/^own: /),
      ])
      expect(noteOf('east', 'SUB0640')).toContain('names of single clusters too')
      for (const context of ['west', 'east'])
        report(`${context}: imported, forgotten`, `${noteOf(context, 'SUB0638')}; ${noteOf(context, 'SUB0641')}`)
      expect((await on(bed, 'west', 'get', 'serviceexports,serviceimports', '-A', '-o', 'name')).trim()).toBe('')
    }),
    4 * MINUTE,
  )

  it(
    'a namespace is exported whole; ExternalName is refused with the reason, by the command and by the agent',
    test.explained(async (bed) => {
      const { stdout } = await exportAll(bed)
      expect(stdout).toMatch(/ext.*ExternalName/)
      const east = await apiOf(bed, 'east')
      const wish: ServiceExport = {
        apiVersion: 'multicluster.x-k8s.io/v1beta1',
        kind: 'ServiceExport',
        metadata: { name: 'ext', namespace: SHOP },
      }
      await east.create(wish)
      const valid = async () => (await east.get('ServiceExport', 'ext', SHOP))?.status?.conditions?.find(({ type }) => type === 'Valid')
      await until('the agent has looked at it', async () => (await valid()) !== undefined)
      expect(await valid()).toMatchObject({
        status: 'False',
        reason: 'InvalidServiceType',
        message: expect.stringContaining('ExternalName'),
      })
      await east.remove('ServiceExport', 'ext', SHOP)
    }),
    3 * MINUTE,
  )

  it(
    'pods of west find services of east by CoreDNS alone: with an address, NodePort, LoadBalancer, headless, pods of a StatefulSet, and ports; and nothing of the broker',
    test.explained(async (bed) => {
      const [west, db] = [await apiOf(bed, 'west'), await podIps(bed, 'east', 'db')]
      await until(
        'all is imported',
        async () => (await vipOf(west, 'lb')) !== '' && readyOf(await slicesOf(west, 'db', 'east')).length === 2,
      )
      const names = ['web', 'node', 'lb']
      const ofBroker = (await west.list('ServiceImport', { namespace: BROKER_NAMESPACE })).items.map(({ metadata }) => metadata.name)
      expect(ofBroker).toEqual(expect.arrayContaining(['web-shop', 'db-shop', expect.stringMatching(/^db-shop-east-/)]))
      const vips = await Promise.all(names.map((name) => vipOf(west, name)))
      await until('the last of them is answered', async () => (await answerOf(bed, 'west', nameOf('lb')))[0] === vips[2])
      const asked = await ask(bed, 'west', [
        ...names.map((name) => nameOf(name)),
        ...[nameOf('db'), nameOf('db', 'db-0.east.'), nameOf('web', '_http._tcp.'), nameOf('db', '_http._tcp.'), nameOf('none')],
        // The broker is on west: what clusters share there are ServiceImports too.
        ...[...ofBroker.map((name) => `${name}.${BROKER_NAMESPACE}.${ZONE}`), `lb.${SHOP}.svc.${FURTHER}`, `none.${SHOP}.svc.${FURTHER}`],
      ])
      expect([...asked.values()].map(({ answers, code }) => answers ?? code)).toEqual([
        ...vips.map((vip) => [vip]),
        [...db].sort(),
        [db[0]],
        [`${nameOf('web')}:80`],
        [0, 1].map((i) => `${nameOf('db', `db-${i}.east.`)}:8080`),
        'NXDOMAIN',
        ...[...ofBroker.map(() => 'NXDOMAIN'), [vips[2]], 'NXDOMAIN'],
      ])
      expect(whoOf(await fetch(bed, 'west', vips.slice(1), { times: 10 }))).toEqual(['web-east-0', 'web-east-1'])
      expect(whoOf(await fetch(bed, 'west', db, { port: 8080 }))).toEqual(['db-0', 'db-1'])
    }),
    3 * MINUTE,
  )

  it(
    'pods of east find those of west by our server, also by the names of one cluster, their own among them',
    test.explained(async (bed) => {
      const [east, queue] = [await apiOf(bed, 'east'), await podIps(bed, 'west', 'queue')]
      const ipOf = async (cluster: string): Promise<string> =>
        (await on(bed, cluster, '-n', SHOP, 'get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}')).trim()
      const [ofWest, ofEast] = await Promise.all([ipOf('west'), ipOf('east')])
      await until('all is imported', async () => readyOf(await slicesOf(east, 'queue', 'west')).length === 2)
      await until('it is answered', async () => (await answerOf(bed, 'east', nameOf('queue'))).length === 2)
      const asked = await ask(bed, 'east', [
        ...[nameOf('web'), nameOf('web', 'west.'), nameOf('queue'), nameOf('queue', 'west.'), nameOf('queue', 'queue-1.west.')],
        ...[nameOf('queue', 'east.'), nameOf('web', '_http._tcp.'), nameOf('queue', '_http._tcp.'), nameOf('web', 'east.')],
        `west.web.${SHOP}.svc.${FURTHER}`,
      ])
      expect([...asked.values()].map(({ answers, code }) => answers ?? code)).toEqual([
        [await vipOf(east, 'web')],
        [ofWest],
        ...[[...queue].sort(), [...queue].sort(), [queue[1]], 'NXDOMAIN', [`${nameOf('web')}:80`]],
        [0, 1].map((i) => `${nameOf('queue', `queue-${i}.west.`)}:8080`),
        [ofEast],
        [ofWest],
      ])
      expect(whoOf(await fetch(bed, 'east', [ofWest], { times: 16 }))).toEqual(['web-west-0', 'web-west-1'])
      expect(whoOf(await fetch(bed, 'east', [ofEast], { times: 16 }))).toEqual(['web-east-0', 'web-east-1'])
      expect(whoOf(await fetch(bed, 'east', queue, { port: 8080 }))).toEqual(['queue-0', 'queue-1'])
    }),
    3 * MINUTE,
  )

  it(
    'the address of a service that both clusters have leads to the own pods; with --balance spread to those of both',
    test.explained(async (bed) => {
      const west = await apiOf(bed, 'west')
      const who = async (): Promise<readonly string[]> => whoOf(await fetch(bed, 'west', [await vipOf(west, 'web')], { times: 40 }))
      expect(await who()).toEqual(['web-west-0', 'web-west-1'])
      await balance(bed, 'west', 'spread')
      // Behind east's address kube-proxy of east chooses again.
      await until('pods of both answer', async () => (await who()).some((name) => name.startsWith('web-east-')))
      const names = await who()
      expect(names).toEqual(expect.arrayContaining(['web-west-0', 'web-west-1']))
    }),
    3 * MINUTE,
  )

  it(
    'own pods that go are replaced by those of the other cluster at once, and come first again when they are back: kube-proxy keeps nothing of either',
    test.explained(async (bed) => {
      const west = await apiOf(bed, 'west')
      const fetched = async () => await fetch(bed, 'west', [await vipOf(west, 'web')], { times: 40, patience: '2s', from: 'queue-0' })
      const untilOnly = (cluster: string): Promise<number> =>
        until(`pods of ${cluster} alone answer`, async () => {
          const results = await fetched()
          return results.every(({ ok }) => ok) && whoOf(results).join() === [0, 1].map((i) => `web-${cluster}-${i}`).join()
        })
      const scale = (replicas: number) => on(bed, 'west', 'scale', 'statefulset', 'web-west', '-n', SHOP, `--replicas=${replicas}`)
      await balance(bed, 'west', 'local-first')
      await untilOnly('west')
      await scale(0)
      await untilOnly('east')
      await scale(2)
      await untilOnly('west')
      await subctl(bed, `unexport service web -n ${SHOP} --context east --wait --timeout 1m`)
      await untilOnly('west')
      await exportAll(bed)
    }),
    5 * MINUTE,
  )

  it(
    'a service of a namespace that is not here is imported once it is',
    test.explained(async (bed) => {
      const [late, west] = [`web.late.${ZONE}`, await apiOf(bed, 'west')]
      await apply(bed, 'east', [namespace('late'), service('web', 'web', {}, 'late')])
      await subctl(bed, 'export service web -n late --context east --wait --timeout 1m')
      expect(await answerOf(bed, 'west', late)).toEqual(['NXDOMAIN'])
      await apply(bed, 'west', [namespace('late')])
      await until('it is imported', async () => (await vipOf(west, 'web', 'late')) !== '')
      await until('it is answered', async () => (await answerOf(bed, 'west', late))[0] === (await vipOf(west, 'web', 'late')))
      for (const cluster of ['west', 'east']) await on(bed, cluster, 'delete', 'namespace', 'late', '--wait=false')
      await until('it is gone', async () => (await answerOf(bed, 'west', late))[0] === 'NXDOMAIN')
    }),
    3 * MINUTE,
  )

  it(
    'a service that is exported and taken back 20 times in a row leaves nothing behind, and the last word counts',
    test.explained(async (bed) => {
      const [west, east] = [await apiOf(bed, 'west'), await apiOf(bed, 'east')]
      const wish: ServiceExport = {
        apiVersion: 'multicluster.x-k8s.io/v1beta1',
        kind: 'ServiceExport',
        metadata: { name: 'flap', namespace: SHOP },
      }
      await apply(bed, 'east', [service('flap', 'web')])
      const flap = async (): Promise<void> => {
        for (let i = 0; i < 20; i += 1) {
          await east.create(wish)
          if (i % 4 === 3) await wait(150)
          await east.remove('ServiceExport', 'flap', SHOP)
        }
      }
      await flap()
      await until('nothing of it is left', async () => (await tracesOf(bed, 'flap')).length === 0)
      await flap()
      await east.create(wish)
      await until(
        'it is there',
        async () => readyOf(await slicesOf(west, 'flap', 'east')).length === 1 && (await vipOf(west, 'flap')) !== '',
      )
      await wait(2_000)
      expect(whoOf(await fetch(bed, 'west', [await vipOf(west, 'flap')]))).toEqual([expect.stringMatching(/^web-east-/)])
      await subctl(bed, `unexport service flap -n ${SHOP} --context east`)
      await until('nothing of it is left', async () => (await tracesOf(bed, 'flap')).length === 0)
    }),
    3 * MINUTE,
  )

  it(
    'a cluster that loses power is out of all answers, and back when it is',
    test.explained(async (bed) => {
      const [west, nodes] = [await apiOf(bed, 'west'), clusterOf(bed.layout, 'east').nodes.map(({ name }) => name)]
      await balance(bed, 'west', 'spread')
      await until('all of east is used', async () => (await answerOf(bed, 'west', nameOf('db'))).length === 2)
      await using watch = await watchName(bed, nameOf('db'))
      const from = Date.now()
      await Promise.all(nodes.map((node) => stopPlace(bed, node)))
      await until('its endpoints are not ready', async () => readyOf(await slicesOf(west, 'db', 'east')).length === 0, 2 * MINUTE)
      report('east is off: out of the EndpointSlices of west', Date.now() - from, 'ms', '< 3000 ms')
      await until('its name is not answered', async () => (await watch.last()).answer === 'NXDOMAIN', 2 * MINUTE)
      report(
        'east is off: out of the DNS answers of west, cached ones too',
        (await watch.last()).atMs - from,
        'ms',
        '< 3000 ms, and 5000 ms of cache',
      )
      const results = await fetch(bed, 'west', [await vipOf(west, 'web')], { times: 30, patience: '1s' })
      expect(whoOf(results)).toEqual(['web-west-0', 'web-west-1'])
      await Promise.all(nodes.map((node) => startPlace(bed, node)))
      await until('it is answered again', async () => (await watch.last()).answer !== 'NXDOMAIN', 4 * MINUTE)
      report('east is on again: answered after', Math.round(((await watch.last()).atMs - from) / 1000), 's')
      const isWhole = async (): Promise<boolean> =>
        `${await answerOf(bed, 'west', nameOf('db'))}` === `${[...(await podIps(bed, 'east', 'db'))].sort()}`
      await until('its pods are answered as they are now', isWhole, 2 * MINUTE)
      expect(whoOf(await fetch(bed, 'west', await podIps(bed, 'east', 'db'), { port: 8080, patience: '60s' }))).toEqual(['db-0', 'db-1'])
    }),
    9 * MINUTE,
  )

  it(
    'uninstall takes names, imports and kinds away without a trace, and the clusters’ own names go on being answered',
    test.explained(async (bed) => {
      const { stdout } = await subctl(bed, `uninstall ${brokerFile(bed)} --contexts west,east --delete-exports --yes --prove`)
      expect(stdout.match(/Proof: no trace is left.* nothing else was changed\./g)).toHaveLength(2)
      for (const cluster of ['west', 'east']) {
        expect(await answerOf(bed, cluster, 'kubernetes.default.svc.cluster.local')).toEqual([expect.stringMatching(/^100\./)])
        expect(await answerOf(bed, cluster, nameOf('web'))).not.toEqual([expect.stringMatching(/^\d/)])
        expect(await on(bed, cluster, '-n', 'kube-system', 'get', 'configmap', 'coredns', '-o', 'yaml')).not.toMatch(
          /clusterset|subctl|apps\.example/,
        )
        expect(await on(bed, cluster, 'get', 'services,endpointslices', '-n', SHOP, '-o', 'name')).not.toContain('derived')
      }
    }),
    5 * MINUTE,
  )
})

interface Report {
  readonly clusters: readonly {
    readonly context: string
    readonly checks: readonly { readonly id: string; readonly result: string; readonly reason?: string; readonly note?: string }[]
  }[]
}
