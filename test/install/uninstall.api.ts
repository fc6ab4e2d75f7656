import { expect, it } from '@jest/globals'
import { verifyNamespace } from '../../src/commands/verify/pod-objects.ts'
import { describePlanes, done } from '../cluster/plane-suite.ts'
import { putImports, putShared } from './shared-services.ts'
import { deploy, joinWest, namesOf, run, type UninstallBed, uninstallBed } from './uninstall-bed.ts'

const LIMIT_MS = 180_000
const GO = 'uninstall --context west --yes'
const labelOf = async ({ west }: UninstallBed, node: string): Promise<string | undefined> =>
  (await west.get('Node', node))?.metadata.labels?.['submariner.io/gateway']

const LATE = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'late', namespace: 'submariner', finalizers: ['example.com/late'] } }

describePlanes('uninstall on a real API server', () => {
  const bed = uninstallBed()
  let before: readonly string[]

  it(
    'with --plan says what would go and what stays, and changes nothing',
    async () => {
      await deploy(bed())
      before = await namesOf(bed().west)
      await joinWest(bed())
      // As verify, and a join that looks names up, leave it where they are cut off.
      await bed().west.apply(verifyNamespace('submariner-verify-0a1b2c3d', new Date()))
      const joined = await namesOf(bed().west)
      const { out } = done(await run(bed(), 'uninstall --context west --plan'))
      for (const line of [
        '- DaemonSet submariner/submariner-gateway, and its pods',
        'then by a Job on each of 2 nodes what is in the kernel: gw, worker',
        '- ClusterRole submariner-route-agent',
        '- Role default/submariner-gateway',
        '- the gateway label of Node gw, as far as it is ours',
        '- Namespace submariner with',
        '- Namespace submariner-verify-0a1b2c3d with 0 objects',
        '- CustomResourceDefinition gateways.submariner.io',
        '- ServiceAccount submariner-k8s-broker/cluster-west on the broker',
        '= CustomResourceDefinition clusters.submariner.io stays: the broker on this cluster needs it',
        '= Namespace submariner-k8s-broker stays: the broker stays with its clusterset',
      ])
        expect(out).toContain(line)
      expect(await namesOf(bed().west)).toEqual(joined)
    },
    LIMIT_MS,
  )

  it(
    'without --yes and without a terminal it asks for the flag, and where a right is missing it changes nothing',
    async () => {
      const { laptop, west, kubectl } = bed()
      const joined = await namesOf(west)
      const { code, err } = await run(bed(), 'uninstall --context west')
      expect([code, err]).toEqual([64, expect.stringContaining('error SUB0803')])
      await kubectl('create serviceaccount looker -n default')
      await kubectl('create clusterrolebinding looker --clusterrole=view --serviceaccount=default:looker')
      await kubectl('create clusterrole nodes --verb=get,list --resource=nodes,customresourcedefinitions.apiextensions.k8s.io')
      await kubectl('create clusterrolebinding nodes --clusterrole=nodes --serviceaccount=default:looker')
      const token = (await kubectl('create token looker -n default')).trim()
      const place = laptop.contexts.west ?? { server: '', ca: '' }
      const looker = { ...bed(), laptop: { ...laptop, contexts: { west: { ...place, token } } } }
      const refused = await run(looker, GO)
      expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/SUB0\d+: .*(forbid|does not let)/)])
      await kubectl('delete clusterrolebinding looker nodes')
      await kubectl('delete clusterrole nodes')
      await kubectl('delete serviceaccount looker -n default')
      expect(await namesOf(west)).toEqual(joined)
    },
    LIMIT_MS,
  )

  it(
    'leaves what was there before join, and proves it; agents are gone before nodes clean themselves',
    async () => {
      const { kubelets, west } = bed()
      const { out, err } = done(await run(bed(), `${GO} --prove`))
      expect(out).toContain('Cluster "west" is uninstalled: 2 of 2 nodes are clean.')
      expect(out).toMatch(/Proof: no trace is left but for the \d+ objects that stay on purpose, see above; nothing else was changed\./)
      expect(out).toMatch(/after \d+ of ours, \d+ of others \(ours stay\)/)
      expect(await west.get('Namespace', 'submariner-verify-0a1b2c3d')).toBeUndefined()
      expect(out).toMatch(/node gw: lines before 1 of ours, 1 of others; after 0 of ours, 1 of others/)
      expect(err).toContain('west: removed DaemonSet submariner/submariner-charon')
      expect(await namesOf(west)).toEqual(before)
      expect(await labelOf(bed(), 'gw')).toBeUndefined()
      const cleaned = kubelets.ran.filter(({ errand }) => errand === 'clean-and-trace')
      expect(cleaned.map(({ node, agents }) => [node, agents]).sort()).toEqual([
        ['gw', 0],
        ['worker', 0],
      ])
      expect(cleaned[0]?.args).toEqual([
        'route-agent',
        '--sysctl-dir',
        '/host/proc/sys',
        '--cleanup',
        '--trace',
        '--run-dir',
        '/host/run/submariner',
      ])
    },
    LIMIT_MS,
  )

  it(
    'run again says that there is nothing, and changes nothing',
    async () => {
      const { out } = done(await run(bed(), GO))
      expect(out).toContain('nothing of ours is here but what stays on purpose, as far as its API tells')
      expect(out).toContain('= Namespace submariner-k8s-broker stays: the broker stays with its clusterset')
      expect(out).toContain('its nodes were not looked at: no agents are installed here')
      expect(await namesOf(bed().west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'run again with --prove it fails, since nodes were not looked at; by an image that is named it looks, and cleans them',
    async () => {
      const blind = await run(bed(), `${GO} --prove`)
      expect([blind.code, blind.err]).toEqual([1, expect.stringContaining('error SUB0806: The nodes were not looked at: "west"')])
      const { out } = done(await run(bed(), `${GO} --prove --image localhost/subctl:1.2.3`))
      expect(out).toContain('2 of 2 nodes are clean.')
      expect(out).toMatch(/node worker: lines before 1 of ours, 1 of others; after 0 of ours, 1 of others/)
      expect(out).toContain('Proof: no trace is left')
      expect(await namesOf(bed().west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'a node that loses power meanwhile holds up nothing for longer than --timeout says: its pods are given up, Secrets and namespace go',
    async () => {
      const { kubelets, west } = bed()
      const setReady = async (status: 'True' | 'Unknown'): Promise<void> => {
        const node = await west.get('Node', 'worker')
        if (node !== undefined)
          await west.replaceStatus({ ...node, ...{ status: { ...node.status, conditions: [{ type: 'Ready', status }] } } })
      }
      await joinWest(bed())
      kubelets.dead.add('worker')
      // A control plane takes a while until it says so.
      const later = setTimeout(() => void setReady('Unknown'), 14_000)
      const { code, err } = await run(bed(), `${GO} --prove --timeout 30s`)
      clearTimeout(later)
      expect([code, err]).toEqual([1, expect.stringContaining('subctl uninstall --context west --node worker --image')])
      expect(err).toMatch(/gave up Pod submariner\/submariner-(clean-and-)?trace-\w+-\w+: its node worker is down/)
      expect(err).not.toContain('Objects: subctl uninstall')
      const { items } = await west.list('Secret', { namespace: 'submariner' })
      expect(items.map(({ metadata }) => metadata.name)).toEqual([])
      expect(await west.get('Namespace', 'submariner')).toBeUndefined()
      const again = await run(bed(), GO)
      expect([again.code, again.out]).toEqual([1, expect.stringContaining('! node worker is not clean: it is down')])
      kubelets.dead.clear()
      await setReady('True')
      const last = done(await run(bed(), `${GO} --prove`))
      expect(last.out).toContain('Cluster "west" is uninstalled: 2 of 2 nodes are clean.')
      expect(last.out).toContain('Proof: no trace is left')
      expect(await namesOf(west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'a label that a user set, and a namespace that was there before, stay as they were',
    async () => {
      const { kubectl, west } = bed()
      await kubectl('label node worker submariner.io/gateway=true')
      await kubectl('create namespace submariner')
      const found = await west.get('Namespace', 'submariner')
      await joinWest(bed())
      const { out } = done(await run(bed(), `${GO} --prove`))
      expect(out).toContain('= Namespace submariner stays: subctl did not create it')
      expect(out).toContain('= label submariner.io/gateway of Node worker stays: set by kubectl-label')
      expect(out).toContain('Proof: no trace is left')
      expect([await labelOf(bed(), 'gw'), await labelOf(bed(), 'worker')]).toEqual([undefined, 'true'])
      const left = await west.get('Namespace', 'submariner')
      expect([left?.metadata.uid, left?.metadata.labels]).toEqual([found?.metadata.uid, found?.metadata.labels])
      await kubectl('delete namespace submariner')
      await kubectl('label node worker submariner.io/gateway-')
      expect(await namesOf(west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'finalizers of our objects hold nothing up; a foreign object in our namespace keeps it, and is named',
    async () => {
      const { kubectl, west } = bed()
      await joinWest(bed())
      await kubectl('patch clusters.submariner.io west -n submariner --type=merge -p {"metadata":{"finalizers":["example.com/gone"]}}')
      await kubectl('create configmap mine -n submariner')
      await kubectl('patch configmap mine -n submariner --type=merge -p {"metadata":{"finalizers":["example.com/mine"]}}')
      const first = done(await run(bed(), GO))
      expect(first.out).toContain('= Namespace submariner stays: it holds what is not ours: ConfigMap submariner/mine')
      expect(first.err).toContain('took the finalizers example.com/gone from Cluster submariner/west')
      expect((await west.get('ConfigMap', 'mine', 'submariner'))?.metadata.deletionTimestamp).toBeUndefined()
      await kubectl('patch configmap mine -n submariner --type=merge -p {"metadata":{"finalizers":null}}')
      await kubectl('delete namespace submariner')
      expect(await namesOf(west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'a namespace that hangs on what others put there meanwhile is told with its object, and all else goes; a second run finishes',
    async () => {
      const { kubectl, west, laptop } = bed()
      await joinWest(bed())
      // Comes after uninstall has looked: when the agents are being removed.
      const late = {
        ...laptop,
        between: (api: Parameters<NonNullable<typeof laptop.between>>[0]) => {
          const opened = laptop.between?.(api) ?? api
          return {
            ...opened,
            remove: async (...args: Parameters<typeof opened.remove>) => {
              if (args[0] === 'DaemonSet' && args[3]?.dryRun !== true) await west.apply(LATE)
              return opened.remove(...args)
            },
          }
        },
      }
      const { code, out, err } = await run({ ...bed(), laptop: late }, `${GO} --timeout 25s`)
      expect(err).not.toContain('a fault of subctl')
      expect(out).toContain(
        'Namespace submariner is left: it is being removed, but hangs: ConfigMap submariner/late (finalizers example.com/late)',
      )
      expect([code, err]).toEqual([75, expect.stringContaining('Objects: subctl uninstall --context west --yes')])
      expect(await west.get('CustomResourceDefinition', 'gateways.submariner.io')).toBeUndefined()
      await kubectl('patch configmap late -n submariner --type=merge -p {"metadata":{"finalizers":null}}')
      done(await run(bed(), GO))
      expect(await namesOf(west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'a node that is down and one that fails are named with the command for later, which cleans them',
    async () => {
      const { west, kubelets } = bed()
      await joinWest(bed())
      const node = await west.get('Node', 'worker')
      if (node === undefined) throw new Error('no worker')
      const status = { ...node.status, conditions: [{ type: 'Ready', status: 'Unknown' }] }
      await west.replaceStatus({ ...node, status })
      kubelets.failing.set('gw', 'error SUB0507: ipset is not there')
      const { code, out, err } = await run(bed(), GO)
      expect(out).toContain('! node worker is not clean: it is down')
      expect(out).toContain('! node gw is not clean: error SUB0507: ipset is not there')
      expect([code, err]).toEqual([
        1,
        expect.stringContaining('subctl uninstall --context west --node gw --node worker --image localhost/subctl:1.2.3 --yes'),
      ])
      expect((await west.get('ConfigMap', 'submariner-uninstall', 'submariner-cleanup'))?.data?.left).toContain('"nodes":["gw","worker"]')
      kubelets.failing.clear()
      const now = await west.get('Node', 'worker')
      if (now !== undefined) await west.replaceStatus({ ...now, status: { ...status, conditions: [{ type: 'Ready', status: 'True' }] } })
      const later = done(await run(bed(), 'uninstall --context west --node gw --node worker --image localhost/subctl:1.2.3 --yes'))
      expect(later.out).toBe('gw is clean\nworker is clean\n')
      expect(await namesOf(west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'what is left of an install whose namespace somebody deleted goes, nodes first',
    async () => {
      const { kubectl, west, kubelets } = bed()
      await joinWest(bed())
      await kubectl('delete namespace submariner')
      kubelets.ran.length = 0
      // Which id it had, its broker tells.
      const { out } = done(await run(bed(), GO))
      expect(out).toContain('2 of 2 nodes are clean')
      expect(kubelets.ran.map(({ errand, node }) => `${errand} ${node}`).sort()).toEqual(['clean gw', 'clean worker'])
      expect(await namesOf(west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'what Helm installed goes with Helm’s record of it, and the namespace that Helm made',
    async () => {
      const { kubectl, west } = bed()
      await kubectl('create namespace submariner --field-manager=helm')
      await joinWest(bed())
      for (const [kinds, scope] of [
        ['daemonsets,configmaps,secrets,roles,rolebindings,serviceaccounts', '-n submariner'],
        ['clusterroles,clusterrolebindings', ''],
      ]) {
        const on = `${kinds}${scope === '' ? '' : ` ${scope}`} -l app.kubernetes.io/part-of=submariner --overwrite`
        await kubectl(`label ${on} app.kubernetes.io/managed-by=Helm`)
        await kubectl(`annotate ${on} meta.helm.sh/release-name=submariner meta.helm.sh/release-namespace=submariner`)
      }
      await kubectl('create secret generic sh.helm.release.v1.submariner.v1 -n submariner')
      await kubectl('label secret sh.helm.release.v1.submariner.v1 -n submariner owner=helm name=submariner')
      const { out } = done(await run(bed(), `${GO} --prove`))
      expect(out).toContain('Proof: no trace is left')
      expect(out).toContain("Helm's release submariner is gone with its record: helm list shows it no more.")
      expect(await namesOf(west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'one that was interrupted while nodes clean themselves is taken up again with the image that was installed',
    async () => {
      const { laptop, west, kubelets } = bed()
      await joinWest(bed(), '--image registry.example/own:7')
      kubelets.ran.length = 0
      const cut = await run({ ...bed(), laptop: { ...laptop, endAt: 'clean themselves' } }, GO)
      expect([cut.code, cut.err]).toEqual([130, expect.stringContaining('2 nodes clean themselves by registry.example/own:7')])
      expect((await west.list('DaemonSet', { namespace: 'submariner' })).items).toEqual([])
      const { out, err } = done(await run(bed(), `${GO} --prove`))
      expect(err).toContain('2 nodes clean themselves by registry.example/own:7')
      expect(out).toContain('Proof: no trace is left')
      expect(await namesOf(west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'a release that Helm keeps in another namespace is named with the line that ends it, and its record stays',
    async () => {
      const { kubectl, west } = bed()
      await joinWest(bed())
      const on = 'daemonset submariner-route-agent -n submariner --overwrite'
      await kubectl(`label ${on} app.kubernetes.io/managed-by=Helm`)
      await kubectl(`annotate ${on} meta.helm.sh/release-name=mesh meta.helm.sh/release-namespace=default`)
      await kubectl('create secret generic sh.helm.release.v1.mesh.v1 -n default')
      await kubectl('label secret sh.helm.release.v1.mesh.v1 -n default owner=helm name=mesh')
      const { out } = done(await run(bed(), `${GO} --prove`))
      expect(out).toContain('Proof: no trace is left')
      expect(out).toContain('Helm lists it until you type: helm uninstall mesh --namespace default')
      expect(await kubectl('get secret sh.helm.release.v1.mesh.v1 -n default -o name')).toContain('mesh')
      await kubectl('delete secret sh.helm.release.v1.mesh.v1 -n default')
      expect(await namesOf(west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    'one that was forgotten leaves too: that nothing of it is on the broker is proved without its credential',
    async () => {
      await joinWest(bed())
      done(await run(bed(), 'forget west --timeout 1s --yes'))
      const { out, err } = done(await run(bed(), `${GO} --prove`))
      expect(out).toMatch(/Proof: no trace is left.* nothing else was changed\./)
      expect(`${out}${err}`).not.toContain('credential')
      expect(await namesOf(bed().west)).toEqual(before)
    },
    LIMIT_MS,
  )

  it(
    '--broker takes the broker too, and what imports of services made; an export of a user keeps its kind',
    async () => {
      await joinWest(bed())
      await putImports(bed().west)
      await putShared(bed().west)
      const { out } = done(await run(bed(), `${GO} --broker --prove`))
      expect(out).toContain('Proof: no trace is left')
      expect(out).toContain(
        '= CustomResourceDefinition serviceexports.multicluster.x-k8s.io stays: it holds objects of users, ServiceExport shop/web',
      )
      expect((await bed().west.list('EndpointSlice', { labels: { 'submariner.io/imported': '' } })).items).toEqual([])
      await bed().west.remove('CustomResourceDefinition', 'serviceexports.multicluster.x-k8s.io')
      expect((await namesOf(bed().west)).filter((name) => name.includes('submariner'))).toEqual([])
    },
    LIMIT_MS,
  )
})
