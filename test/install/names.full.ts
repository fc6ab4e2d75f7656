// The cluster's own DNS on a real cluster: changed so that it answers for the clusterset, put back to the byte, and left alone where it gets worse.
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { ExecResult } from '../../src/system/exec.ts'
import { type Bed, kubectl } from '../cluster/bed.ts'
import { subctl } from '../cluster/joined.ts'
import { describeImage, imageBed } from '../cluster/joined-harness.ts'
import { MINUTE } from '../lab/harness.ts'
import { clusterOf } from '../lab/layout.ts'
import { deployBroker, joinArgs } from '../lab/subctl.ts'

const SYSTEM = ['--context', 'west', '--namespace', 'kube-system']

const join = (bed: Bed, dns: string, okCodes: readonly number[] = [0]): Promise<ExecResult> =>
  subctl(bed, [...joinArgs(bed, clusterOf(bed.layout, 'west')), '--wait', '--timeout', '4m', '--dns', dns], { okCodes })
const corefile = (bed: Bed): Promise<string> => kubectl(bed, [...SYSTEM, 'get', 'configmap', 'coredns', '-o', 'jsonpath={.data.Corefile}'])
const write = (bed: Bed, text: string): Promise<string> =>
  kubectl(bed, [...SYSTEM, 'patch', 'configmap', 'coredns', '--type', 'merge', '-p', JSON.stringify({ data: { Corefile: text } })])
const roles = (bed: Bed): Promise<string> =>
  kubectl(bed, [
    '--context',
    'west',
    'get',
    'clusterrole,clusterrolebinding',
    '-o',
    'name',
    '--field-selector',
    'metadata.name=submariner-cluster-dns',
  ])

describeImage('names in the cluster’s own DNS', () => {
  const test = imageBed({ name: 'dnsnames', clusters: 1, gateways: 1 })
  let before: string
  beforeAll(async () => {
    await test.up()
    await deployBroker(test.site)
    before = await corefile(test.site)
  }, 5 * MINUTE)
  afterAll(() => test.down(), 2 * MINUTE)

  it(
    'CoreDNS answers by itself after a join; a second join writes nothing; our server takes over and gives back',
    test.explained(async (bed) => {
      expect((await join(bed, 'auto')).stdout).toMatch(/Names of services \(multicluster\): CoreDNS answers them itself/)
      const itself = await corefile(bed)
      expect(itself).toMatch(/multicluster clusterset\.local/)
      expect(itself.endsWith(before)).toBe(true)
      expect(await roles(bed)).not.toBe('')
      const again = await join(bed, 'auto')
      expect(again.stdout).toMatch(/0 created, 0 changed/)
      expect(again.stderr).not.toMatch(/names:/)
      await join(bed, 'own')
      expect(await corefile(bed)).toMatch(/forward \. [0-9.]+\n/)
      expect(await roles(bed)).toBe('')
      await join(bed, 'none')
      expect(await corefile(bed)).toBe(before)
    }),
    8 * MINUTE,
  )

  it(
    'a Corefile that CoreDNS refuses for another reason is put back to the byte, with the right that was for it',
    test.explained(async (bed) => {
      const refused = before.replace('loadbalance\n', 'loadbalance\n    no-such-plugin\n')
      expect(refused).not.toBe(before)
      await write(bed, refused)
      const { stderr, code } = await join(bed, 'multicluster', [75])
      expect([code, stderr]).toEqual([75, expect.stringMatching(/took the change of ConfigMap kube-system\/coredns back[\s\S]*SUB1007/)])
      expect(await corefile(bed)).toBe(refused)
      expect(await roles(bed)).toBe('')
      await write(bed, before)
    }),
    8 * MINUTE,
  )

  it(
    'the cluster’s own names that are gone after the change bring it back, with the text of before',
    test.explained(async (bed) => {
      const scale = (replicas: number): Promise<string> =>
        kubectl(bed, [...SYSTEM, 'scale', 'deployment', 'coredns', `--replicas=${replicas}`])
      const rolledOut = (): Promise<string> => kubectl(bed, [...SYSTEM, 'rollout', 'status', 'deployment', 'coredns', '--timeout=120s'])
      // A server that reads its file late leaves the time to take it away before it answers names of the clusterset.
      const slow = before.replace(/reload \S+/, 'reload 90s')
      expect(slow).not.toBe(before)
      await write(bed, slow)
      await kubectl(bed, [...SYSTEM, 'rollout', 'restart', 'deployment', 'coredns'])
      await rolledOut()
      const joining = join(bed, 'own', [1])
      while (!(await corefile(bed)).includes('BEGIN subctl')) await new Promise((resolve) => setTimeout(resolve, 300))
      await scale(0)
      expect((await joining).stderr).toMatch(/SUB1006/)
      expect(await corefile(bed)).toBe(slow)
      await write(bed, before)
      await scale(1)
      await rolledOut()
    }),
    8 * MINUTE,
  )

  it(
    'uninstall takes our part out of a Corefile that others have changed around it, and the right with it',
    test.explained(async (bed) => {
      await join(bed, 'auto')
      const now = await corefile(bed)
      await write(bed, `# of another\n${now}corp.example:53 {\n    errors\n    forward . 192.0.2.1\n}\n`)
      await subctl(bed, 'uninstall --context west --yes --timeout 4m')
      expect(await corefile(bed)).toBe(`# of another\n${before}corp.example:53 {\n    errors\n    forward . 192.0.2.1\n}\n`)
      expect(await roles(bed)).toBe('')
    }),
    8 * MINUTE,
  )
})
