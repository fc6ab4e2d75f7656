// The bed itself: two real clusters as a user would find them, nodes that die and boot, and nothing left behind.
import { spawn } from 'node:child_process'
import { access, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { apiOf } from '../lab/access.ts'
import { report } from '../lab/harness.ts'
import { clusterOf, namespacesOf } from '../lab/layout.ts'
import { isRunning, processId } from '../lab/processes.ts'
import { until, wait } from '../lab/until.ts'
import { type Bed, downBed, execOn, findBed, kubectl, startPlace, stopPlace, upBed } from './bed.ts'
import { describeBed, testBed } from './bed-harness.ts'
import { fetchFrom, podIp, runPods } from './bed-pods.ts'
import { listBeds } from './bed-state.ts'
import { hierarchiesOf } from './box.ts'
import { processesInGroups } from './cgroups.ts'

const CLUSTERS = ['west', 'east'] as const

describeBed('two clusters, one with flannel and one with kube-proxy by nftables', () => {
  const test = testBed({ name: 'bedtest', cni: { west: 'flannel' }, proxy: { east: 'nftables' } })
  beforeAll(async () => {
    const from = Date.now()
    await test.up()
    report('bed up', ((Date.now() - from) / 1000).toFixed(1), 's', '< 45 s')
    for (const name of CLUSTERS)
      await runPods(test.site, name, [
        { name: 'web', node: `${name}-w1`, port: 8080 },
        { name: 'client', node: `${name}-gw1` },
      ])
  }, 400_000)
  afterAll(() => test.down(), 120_000)

  const fetches = (bed: Bed, context: string, url: string, wanted: string): Promise<number> =>
    until(`${context}: ${url}`, async () => (await fetchFrom(bed, { context, pod: 'client' }, url)) === wanted, 120_000)

  for (const name of CLUSTERS) {
    it(
      `connects pods of ${name} across nodes by address, service and name, and shows the server the client's own address`,
      test.explained(async (bed) => {
        await fetches(bed, name, `http://${await podIp(bed, name, 'web')}:8080/`, 'web')
        const { spec } = JSON.parse(await kubectl(bed, ['--context', name, 'get', 'service', 'web', '-o', 'json']))
        await fetches(bed, name, `http://${spec.clusterIP}/`, 'web')
        await fetches(bed, name, 'http://web.default.svc.cluster.local/', 'web')
        expect(await kubectl(bed, ['--context', name, 'logs', 'web'])).toContain(await podIp(bed, name, 'client'))
      }),
    )

    it(
      `lets a pod of ${name} reach every API server, and its nodes the other cluster's`,
      test.explained(async (bed) => {
        for (const { api, nodes } of bed.layout.clusters) {
          const readyz = `https://${api.ip}:6443/readyz`
          const wget = `timeout 10 wget -qO- --no-check-certificate ${readyz}`
          expect(await kubectl(bed, ['--context', name, 'exec', 'client', '--', 'sh', '-c', wget])).toBe('ok')
          await execOn(bed, `${name}-w1`, ['ping', '-c1', '-W5', nodes[0]?.ip ?? ''])
        }
      }),
    )
  }

  it(
    'carries nothing between pods of two clusters by itself',
    test.explained(async (bed) => {
      const web = `http://${await podIp(bed, 'east', 'web')}:8080/`
      expect(await fetchFrom(bed, { context: 'west', pod: 'client' }, web)).toBe('')
    }),
  )

  it(
    'gives each node the pod network of the layout',
    test.explained(async (bed) => {
      for (const name of CLUSTERS) {
        const { items } = await (await apiOf(bed, name)).list('Node')
        const wanted = clusterOf(bed.layout, name).nodes.map((node) => [node.name, node.podCidr])
        expect(items.map(({ metadata, spec }) => [metadata.name, spec?.podCIDR]).sort()).toEqual(wanted.sort())
      }
    }),
  )

  it(
    'loses a node and boots it: its disk is there, its memory and its kernel are new, its pods run again',
    test.explained(async (bed) => {
      await execOn(bed, 'west-w1', ['sh', '-c', 'touch /run/mark /etc/mark; ip link add mark type bridge'])
      await stopPlace(bed, 'west-w1')
      await expect(execOn(bed, 'west-w1', ['true'])).rejects.toThrow('off')
      expect(await fetchFrom(bed, { context: 'west', pod: 'client' }, `http://${await podIp(bed, 'west', 'web')}:8080/`)).toBe('')
      const from = Date.now()
      await startPlace(bed, 'west-w1')
      await fetches(bed, 'west', 'http://web/', 'web')
      report('node booted until its pod answers again', ((Date.now() - from) / 1000).toFixed(1), 's')
      const { stdout } = await execOn(bed, 'west-w1', ['sh', '-c', 'ls /run /etc; ip -br link'])
      expect(stdout).not.toMatch(/^mark/m)
    }),
  )

  it(
    'keeps pods and services while a control plane is off, and goes on afterwards',
    test.explained(async (bed) => {
      const web = `http://${await podIp(bed, 'east', 'web')}:8080/`
      await stopPlace(bed, 'east-api')
      const { stdout } = await execOn(bed, 'east-gw1', ['curl', '-s', '--max-time', '10', web])
      expect(stdout.trim()).toBe('web')
      await startPlace(bed, 'east-api')
      await fetches(bed, 'east', 'http://web/', 'web')
    }),
  )

  it(
    'starts a killed kubelet when it is told to, not before; pods do not notice',
    test.explained(async (bed) => {
      const running = async (): Promise<boolean> =>
        (await execOn(bed, 'east-w1', ['pgrep', '-x', 'kubelet'], { okCodes: [0, 1] })).code === 0
      await stopPlace(bed, 'east-w1', 'kubelet')
      await until('the kubelet has ended', async () => !(await running()))
      await wait(2000)
      expect(await running()).toBe(false)
      expect((await execOn(bed, 'east-w1', ['pgrep', '-x', 'httpd'])).code).toBe(0)
      await startPlace(bed, 'east-w1', 'kubelet')
      await until('the kubelet runs', running)
    }),
  )

  it(
    'lets a privileged pod on the host network use /dev/net/tun, a VXLAN, sysctls, /run and /lib/modules of its node',
    test.explained(async (bed) => {
      await kubectl(bed, ['--context', 'west', 'apply', '-f', '-'], { input: JSON.stringify(privilegedPod('west-w1')) })
      await kubectl(bed, ['--context', 'west', 'wait', 'pod', 'agent', '--for=condition=Ready', '--timeout=120s'])
      const script = [
        'set -e',
        'test -c /dev/net/tun && test -d /lib/modules && test -S /host/run/containerd/containerd.sock',
        'ip link add vx9 type vxlan id 9 dstport 4801 dev eth0 && ip link del vx9',
        'echo 2 >/proc/sys/net/ipv4/conf/all/rp_filter && cat /proc/sys/net/ipv4/conf/all/rp_filter',
        'echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter; hostname',
      ].join('\n')
      expect(await kubectl(bed, ['--context', 'west', 'exec', 'agent', '--', 'sh', '-c', script])).toBe('2\nwest-w1\n')
    }),
  )
})

const privilegedPod = (node: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'agent' },
  spec: {
    nodeName: node,
    hostNetwork: true,
    terminationGracePeriodSeconds: 0,
    containers: [
      {
        name: 'main',
        image: 'localhost/busybox:1',
        command: ['sleep', '1000000'],
        securityContext: { privileged: true },
        volumeMounts: ['/host/run', '/lib/modules', '/dev/net/tun'].map((mountPath, i) => ({ name: `v${i}`, mountPath })),
      },
    ],
    volumes: ['/run', '/lib/modules', '/dev/net/tun'].map((path, i) => ({ name: `v${i}`, hostPath: { path } })),
  },
})

describeBed('what a bed leaves', () => {
  it('is nothing: no process, namespace, link, mount, cgroup, file or changed setting of the machine', async () => {
    const before = await machineSettings()
    const bed = await upBed({ name: 'bedgone', clusters: 1 })
    const pids = (await processesInGroups(await hierarchiesOf(bed))).map(processId)
    expect(pids.length).toBeGreaterThan(10)
    expect(await machineSettings()).toEqual(before)
    await downBed(bed)
    expect(pids.filter(isRunning)).toEqual([])
    expect(await leftovers(bed)).toEqual([])
    expect(await machineSettings()).toEqual(before)
    if ((await listBeds()).length === 0) expect(await readdir(tmpdir())).not.toContain('subctl-bed-inotify')
  }, 300_000)

  it('is nothing either where its maker was killed half-way: the next one removes it', async () => {
    const script = join(import.meta.dirname, '..', '..', 'scripts', 'cluster.ts')
    const maker = spawn(process.execPath, ['--no-warnings', script, 'up', '--name', 'bedhalf', '--clusters', '1'], { stdio: 'ignore' })
    const ended = new Promise((settle) => maker.once('close', settle))
    await until('it has booted nodes', async () => {
      const bed = await findBed('bedhalf')
      await execOn(bed, 'west-w1', ['true'])
      return true
    })
    const half = await findBed('bedhalf')
    maker.kill('SIGKILL')
    await ended
    await downBed(await upBed({ name: 'bednext', clusters: 1 }))
    expect((await listBeds()).map(({ layout }) => layout.id)).not.toContain(half.layout.id)
    expect(await leftovers(half)).toEqual([])
  }, 400_000)
})

const SETTINGS = [
  'vm/overcommit_memory',
  'vm/panic_on_oom',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxkeys',
  'net/netfilter/nf_conntrack_max',
]

// fs/inotify/max_user_instances is raised while any bed is up, also one that is not this test's.
const machineSettings = (): Promise<readonly string[]> =>
  Promise.all(SETTINGS.map(async (name) => `${name}=${await readFile(`/proc/sys/${name}`, 'utf8').catch(() => '')}`))

/** Whatever bears the name of a bed that is down. */
async function leftovers(bed: Bed): Promise<readonly string[]> {
  const { id } = bed.layout
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').filter((line) => line.includes(id))
  const names = await readdir('/run/netns').catch(() => [])
  const groups = await Promise.all(
    (await readFile('/proc/self/mounts', 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('cgroup '))
      .map((line) => readdir(line.split(' ')[1] ?? '', { recursive: true }).catch(() => [])),
  )
  const isThere = (path: string): Promise<readonly string[]> =>
    access(path).then(
      () => [path],
      () => [],
    )
  return [
    ...mounts,
    ...names.filter((name) => namespacesOf(bed.layout).includes(name)),
    ...groups.flat().filter((path) => path.includes(id)),
    ...(await readdir('/sys/class/net')).filter((name) => name === bed.layout.root.link),
    ...(await isThere(bed.folder)),
    ...(await isThere(join(dirname(dirname(bed.folder)), 'subctl-networks', bed.layout.wan.cidr.split('.')[2] ?? ''))),
  ]
}
