// From nothing to verified and to nothing again, for every two settings of two clusters that can meet.
import { expect, it } from '@jest/globals'
import { GATEWAY_SETTING_PREFIX } from '../../src/model/names.ts'
import { brokerFile } from '../lab/access.ts'
import { MINUTE, report } from '../lab/harness.ts'
import type { ClusterLayout, HostLayout } from '../lab/layout.ts'
import { deployBroker } from '../lab/subctl.ts'
import { type Bed, kubectl, type UpBedOptions } from './bed.ts'
import { joinBed, subctl } from './joined.ts'
import { describeImage, imageBed } from './joined-harness.ts'
import { SCENARIOS, type Scenario, titleOf } from './matrix.ts'
import { verify } from './repair.ts'

const CLUSTERS = ['west', 'east'] as const
const ofAll = <T>(value: T): Readonly<Record<string, T>> => Object.fromEntries(CLUSTERS.map((name) => [name, value]))

const optionsOf = ({ cni, proxy, nat, ...same }: Scenario): UpBedOptions => ({
  ...same,
  cni: ofAll(cni),
  proxy: ofAll(proxy),
  nat: nat === 'nat' ? CLUSTERS : [],
})

/** Behind NAT a lone gateway's public address is said by the join; of several, each Node says its own. */
async function join(bed: Bed, cluster: ClusterLayout<HostLayout>): Promise<void> {
  const [gateway, ...others] = cluster.nodes.filter(({ role }) => role === 'gateway')
  if (gateway?.publicIp === undefined || others.length > 0) return void (await joinBed(bed, cluster))
  await kubectl(bed, ['--context', cluster.name, 'annotate', 'node', gateway.name, `${GATEWAY_SETTING_PREFIX}public-ip-`])
  await joinBed(bed, cluster, ['--public-ip', `ipv4:${gateway.publicIp}`])
}

async function wholeWay(bed: Bed, { gateways, broker }: Scenario): Promise<void> {
  const from = Date.now()
  await deployBroker(bed)
  for (const cluster of bed.layout.clusters) await join(bed, cluster)
  await expectVerified(bed, '')
  report('from nothing to verified', Math.round((Date.now() - from) / 1000), 's')
  if (gateways === 2) await expectVerified(bed, '--disruptive --yes --timeout 9m')
  const { stdout } = await subctl(bed, `uninstall ${brokerFile(bed)} --all ${broker === 'cluster' ? '--broker ' : ''}--yes --prove`)
  expect(stdout.match(/Proof: no trace is left/g)).toHaveLength(CLUSTERS.length)
}

async function expectVerified(bed: Bed, flags: string): Promise<void> {
  const { code, stdout, stderr } = await verify(bed, flags)
  expect([code, code === 0 ? '' : `${stderr}${stdout}`]).toEqual([0, ''])
}

describeImage('two clusters, from nothing to verified, and to nothing again', () => {
  for (const [i, scenario] of SCENARIOS.entries())
    it(
      titleOf(scenario),
      async () => {
        const test = imageBed({ name: `matrix${i}`, ...optionsOf(scenario) })
        try {
          await test.up()
          await test.explained((bed) => wholeWay(bed, scenario))()
        } finally {
          await test.down()
        }
      },
      20 * MINUTE,
    )
})
