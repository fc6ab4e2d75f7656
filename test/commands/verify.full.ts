// verify with pods on real clusters: flannel on one side, kube-proxy by nftables on the other; ports that are blocked; gateways that end.
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type Bed, execOn, kubectl } from '../cluster/bed.ts'
import { subctl } from '../cluster/joined.ts'
import { describeImage, joinedBed } from '../cluster/joined-harness.ts'
import { report } from '../lab/harness.ts'
import { until } from '../lab/until.ts'

const LIMIT_MS = 600_000
const CLUSTERS = ['west', 'east'] as const

interface Row {
  readonly context: string
  readonly id: string
  readonly result: string
  readonly note?: string
  readonly reason?: string
  readonly hint?: string
}
async function verify(bed: Bed, flags: string): Promise<readonly Row[]> {
  const { stdout } = await subctl(bed, `verify --contexts west,east -o json ${flags}`, { okCodes: [0, 2] })
  const { clusters } = JSON.parse(stdout) as { clusters: { context: string; checks: Row[] }[] }
  return clusters.flatMap(({ context, checks }) => checks.map((row) => ({ ...row, context })))
}
const notWell = (rows: readonly Row[]): readonly Row[] => rows.filter(({ result }) => result === 'failed' || result === 'skipped')
const namespaces = async (bed: Bed): Promise<string> =>
  (
    await Promise.all(
      CLUSTERS.map((name) => kubectl(bed, ['--context', name, 'get', 'namespaces', '-l', 'submariner.io/verify', '-o', 'name'])),
    )
  ).join('')

describeImage('verify with pods on real clusters', () => {
  const test = joinedBed({ name: 'verify', gateways: 2, cni: { west: 'flannel' }, proxy: { east: 'nftables' } })
  beforeAll(() => test.up(), LIMIT_MS)
  afterAll(() => test.down(), 120_000)

  it(
    'finds everything in order, pods and services both ways, and says whom a service sees; it leaves nothing',
    test.explained(async (bed) => {
      const rows = await verify(bed, '--pods auto')
      expect(notWell(rows)).toEqual([])
      for (const { context, note } of rows.filter(({ id }) => id === 'SUB0630')) report(`${context}: servers see the pod`, note ?? '')
      // Its pods' ends are the kubelets' to see to.
      await until('the test namespaces are gone', async () => (await namespaces(bed)) === '', 120_000)
    }),
    LIMIT_MS,
  )

  it(
    'names UDP 4800 where it is blocked on a node, and the gateways where 4500 is blocked between them',
    test.explained(async (bed) => {
      const drop = ['-p', 'udp', '--dport', '4800', '-j', 'DROP']
      await execOn(bed, 'west-w1', ['iptables', '-w', '-I', 'INPUT', ...drop])
      const node = await verify(bed, '--test SUB0610|SUB0613|SUB0626')
      await execOn(bed, 'west-w1', ['iptables', '-w', '-D', 'INPUT', ...drop])
      const reach = node.filter(({ context, id }) => context === 'west' && (id === 'SUB0613' || id === 'SUB0626'))
      for (const row of reach) expect(row).toMatchObject({ result: 'failed', hint: expect.stringContaining('open UDP 4800 between') })
      const between = ['-p', 'udp', '--dport', '4500', '-j', 'DROP']
      await execOn(bed, 'west-router', ['iptables', '-w', '-I', 'FORWARD', ...between])
      await until(
        'the port is named',
        async () => {
          const rows = await verify(bed, '--test SUB0610 --pods false')
          return rows.some(({ hint }) => /open UDP between west-gw\d \(\S+\) and \S+ port 4500/.test(hint ?? ''))
        },
        180_000,
      )
      await execOn(bed, 'west-router', ['iptables', '-w', '-D', 'FORWARD', ...between])
      await until('all connections stand', async () => notWell(await verify(bed, '--test SUB0610')).length === 0, 240_000)
    }),
    LIMIT_MS,
  )

  it(
    'counts what is lost while gateways end',
    test.explained(async (bed) => {
      const rows = await verify(bed, '--disruptive --yes --timeout 9m')
      expect(notWell(rows)).toEqual([])
      for (const row of rows.filter(({ id }) => id === 'SUB0631' || id === 'SUB0632'))
        report(`${row.context} ${row.id}`, row.note ?? row.reason ?? '')
    }),
    LIMIT_MS,
  )

  it(
    'names who changed what was installed, and the pod that cannot have its image',
    test.explained(async (bed) => {
      await kubectl(bed, [
        '--context',
        'east',
        '-n',
        'submariner',
        'set',
        'image',
        'ds/submariner-gateway',
        'gateway=localhost/subctl:none',
      ])
      await until(
        'the pod is named',
        async () => {
          const rows = await verify(bed, '--pods false --test SUB062[1-4]')
          const east = rows.filter(({ context }) => context === 'east')
          const of = (id: string): string => east.find((row) => row.id === id)?.reason ?? ''
          return (
            of('SUB0621').includes('localhost/subctl:none') &&
            of('SUB0622').includes('kubectl-set wrote spec.template.spec.containers[gateway].image')
          )
        },
        180_000,
      )
    }),
    LIMIT_MS,
  )
})
