// docs/helm.md on real clusters, line by line: from nothing to pods that reach each other, to one token for each cluster, to nothing.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type ExecResult, exec } from '../../src/system/exec.ts'
import { type Bed, execOn, kubeconfigFile, kubectl } from '../cluster/bed.ts'
import { describeBed, testBed } from '../cluster/bed-harness.ts'
import { BUSYBOX, warmUp } from '../cluster/bed-pods.ts'
import { type Dump, dump, dumpDiff } from '../lab/dump.ts'
import { SUBCTL } from '../lab/subctl.ts'
import { until } from '../lab/until.ts'
import { linesUnder, runLines } from './guide.ts'
import { helmMissing } from './helm.ts'

const IMAGE = join(import.meta.dirname, '..', '..', 'dist', 'subctl-image-amd64.tar')
const LIMIT_MS = 900_000
const why = existsSync(IMAGE) ? helmMissing() : `no ${IMAGE}: run scripts/image`
const describeGuide =
  why === undefined ? describeBed : (title: string, tests: () => void) => describe.skip(`${title} (skipped: ${why})`, tests)

const run = async (bed: Bed, heading: string, blocks?: readonly number[]): Promise<ExecResult> => {
  const folder = join(bed.folder, 'guide')
  mkdirSync(folder, { recursive: true })
  const lines = linesUnder(heading).filter((_, i) => blocks?.includes(i) ?? true)
  return runLines({ kubeconfig: kubeconfigFile(bed), folder, env: { TEST_IMAGE: BUSYBOX } }, lines.join('\n'))
}
const subctl = (bed: Bed, line: string, okCodes: readonly number[] = [0]): Promise<ExecResult> =>
  exec([SUBCTL, ...line.split(' ')], { okCodes, timeoutMs: 400_000, env: { KUBECONFIG: kubeconfigFile(bed), HOME: bed.folder } })
const nodesOf = (bed: Bed, cluster: string): readonly string[] =>
  bed.layout.clusters.filter(({ name }) => name === cluster).flatMap(({ nodes }) => nodes.map(({ name }) => name))
const dumps = async (bed: Bed, cluster: string): Promise<ReadonlyMap<string, Dump>> =>
  new Map(await Promise.all(nodesOf(bed, cluster).map(async (name) => [name, await dump(bed, name)] as const)))
const podsOf = async (bed: Bed, cluster: string): Promise<readonly string[]> =>
  (await kubectl(bed, ['--context', cluster, '-n', 'submariner', 'get', 'pods', '-o', 'name'])).trim().split('\n').sort()
const tokenCheck = async (bed: Bed): Promise<string> => (await subctl(bed, 'verify --contexts west,east --test SUB0624', [0, 1, 2])).stdout
const pings = (bed: Bed): Promise<string> =>
  kubectl(bed, ['--context', 'west', 'exec', 'busybox', '--', 'sh', '-c', 'until ping -c 1 -W 1 "$0"; do sleep 1; done', String(WEB.ip)])
const WEB = { ip: '' }

describeGuide('the guide of Helm', () => {
  const test = testBed({ name: 'helmguide', images: [IMAGE] })
  let before: ReadonlyMap<string, Dump>
  beforeAll(async () => {
    await test.up()
    await warmUp(test.site, 'east')
    before = await dumps(test.site, 'east')
  }, LIMIT_MS)
  afterAll(() => test.down(), 120_000)

  it(
    'connects two clusters, as a ping and a request between pods show',
    test.explained(async (bed) => {
      await run(bed, 'The broker')
      await run(bed, 'Each cluster')
      const { stdout } = await run(bed, 'See that it works')
      expect(stdout).toMatch(/[1-5] packets received/)
      expect(stdout.trim().split('\n').at(-1)).toBe('web')
      WEB.ip = (await kubectl(bed, ['--context', 'east', 'get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}'])).trim()
    }),
    LIMIT_MS,
  )

  it(
    'has names of services answered by CoreDNS itself',
    test.explained(async (bed) => {
      await run(bed, 'Names of services')
      const { stdout } = await subctl(bed, 'show services --contexts west')
      expect(stdout).toContain('by its option multicluster in ConfigMap kube-system/coredns')
    }),
    LIMIT_MS,
  )

  it(
    'has a token that verify calls shared, and one for each cluster without a pod that restarts',
    test.explained(async (bed) => {
      expect(await tokenCheck(bed)).toContain('submariner-k8s-broker-client is one credential for every cluster of the broker')
      const pods = [await podsOf(bed, 'west'), await podsOf(bed, 'east')]
      await run(bed, 'One token for each cluster', [0])
      await until('gateways read their own token', async () => (await mountedAccounts(bed)).join() === 'cluster-west,cluster-east', 300_000)
      await run(bed, 'One token for each cluster', [1])
      expect(await tokenCheck(bed)).not.toContain('one credential')
      expect([await podsOf(bed, 'west'), await podsOf(bed, 'east')]).toEqual(pods)
      // A member that writes under its own account: what goes on the broker comes again.
      const broker = ['--context', 'broker', '-n', 'submariner-k8s-broker']
      await kubectl(bed, [...broker, 'delete', 'endpoints.submariner.io', '-l', 'submariner-io/clusterID=east'])
      const mine = [...broker, 'get', 'endpoints.submariner.io', '-l', 'submariner-io/clusterID=east', '-o', 'name']
      await until('east publishes its Endpoint again', async () => (await kubectl(bed, mine)).trim() !== '', 120_000)
      await pings(bed)
    }),
    LIMIT_MS,
  )

  it(
    'leaves no trace on the nodes of the cluster that leaves',
    test.explained(async (bed) => {
      await kubectl(bed, ['--context', 'east', 'delete', 'pod', 'web', '--now'])
      await run(bed, 'Leaving')
      const after = await dumps(bed, 'east')
      for (const [name, was] of before) expect([name, dumpDiff(was, after.get(name) ?? {})]).toEqual([name, []])
      for (const name of nodesOf(bed, 'east')) expect((await execOn(bed, name, ['ls', '/run'])).stdout).not.toContain('submariner')
      const names = ['get', 'crd,clusterrole,clusterrolebinding,namespace', '-o', 'name']
      expect(await kubectl(bed, ['--context', 'east', ...names])).not.toContain('submariner')
      expect(await kubectl(bed, ['--context', 'broker', 'get', 'endpoints.submariner.io', '-A', '-o', 'name'])).not.toContain('-east-')
    }),
    LIMIT_MS,
  )

  it(
    'has a key that a cluster which joins by subctl has too',
    test.explained(async (bed) => {
      const file = join(bed.folder, 'broker-info.subm')
      const folder = join(bed.folder, 'guide')
      const keep = `helm upgrade submariner-k8s-broker manifests/charts/submariner-k8s-broker --kube-context broker \
        --namespace submariner-k8s-broker --reset-then-reuse-values --set "clusters={west}" --set ipsec.psk="$SUBMARINER_PSK"`
      await runLines({ kubeconfig: kubeconfigFile(bed), folder }, keep)
      await subctl(bed, `deploy-broker --context broker --file ${file} --yes`)
      await subctl(bed, `join ${file} --cluster-id east --context east --gateway east-gw1 --natt false --timeout 5m`)
      await kubectl(bed, ['--context', 'east', 'run', 'web', `--image=${BUSYBOX}`, '--restart=Never', '--command', '--', 'sleep', '86400'])
      await kubectl(bed, ['--context', 'east', 'wait', 'pod', 'web', '--for=condition=Ready', '--timeout=3m'])
      WEB.ip = (await kubectl(bed, ['--context', 'east', 'get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}'])).trim()
      await until('a pod of west reaches one of east', async () => (await pings(bed)) !== '', 120_000)
    }),
    LIMIT_MS,
  )

  it(
    'a cluster that Helm installed leaves by subctl, Helm’s record and all',
    test.explained(async (bed) => {
      const { stdout } = await subctl(bed, 'uninstall --context west --yes --prove')
      expect(stdout).toMatch(/Proof: no trace is left.* nothing else was changed\./)
      expect(stdout).toContain("Helm's release submariner is gone with its record")
      const list = await runLines(
        { kubeconfig: kubeconfigFile(bed), folder: join(bed.folder, 'guide') },
        'helm list --all-namespaces --kube-context west --short',
      )
      expect(list.stdout.trim()).toBe('submariner-k8s-broker')
    }),
    LIMIT_MS,
  )
})

/** Whose tokens the gateways' pods hold by now. */
const mountedAccounts = (bed: Bed): Promise<readonly string[]> =>
  Promise.all(
    ['west', 'east'].map(async (context) => {
      const path = '/run/secrets/submariner.io/submariner-broker-secret/token'
      const token = await kubectl(bed, [
        '--context',
        context,
        '-n',
        'submariner',
        'exec',
        'daemonset/submariner-gateway',
        '--',
        'cat',
        path,
      ])
      const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
      return /:([a-z0-9-]+)"$/.exec(String(JSON.parse(claims).sub).concat('"'))?.[1] ?? ''
    }),
  )
