import { beforeAll, expect, it } from '@jest/globals'
import type { KubeApi } from '../../src/k8s/api.ts'
import { describePlanes, type Laptop, openPlace, planes, runOn } from '../cluster/plane-suite.ts'
import { makeNode } from './members.ts'

const BROKER = 'https://broker.example:6443'

describePlanes('deploy-broker and join on real API servers', () => {
  const at = planes(['west', 'east'])
  let laptop: Laptop
  let west: KubeApi
  beforeAll(async () => {
    laptop = { contexts: { '': at.west, west: at.west, east: at.east }, hosts: { [BROKER]: at.west.server }, files: new Map() }
    west = openPlace(at.west)
    await makeNode(west, { name: 'gw', address: '172.16.1.1', podCidr: '10.1.0.0/24' })
    await makeNode(openPlace(at.east), { name: 'gw', address: '172.16.2.1', podCidr: '10.2.0.0/24' })
  })

  it('deploy-broker', async () => {
    const ran = await runOn(laptop, `deploy-broker --context west --broker-url ${BROKER}`)
    console.log(ran.out, ran.err)
    const again = await runOn(laptop, `deploy-broker --context west --broker-url ${BROKER}`)
    console.log(again.out, again.err)
    expect(again.code).toBe(0)
  })
  it('join', async () => {
    const plan = await runOn(laptop, `join --context west --cluster-id west --plan`)
    console.log(plan.out, plan.err)
    const ran = await runOn(laptop, `join --context west --cluster-id west`)
    console.log(ran.out, ran.err)
    const again = await runOn(laptop, `join --context west --cluster-id west -o json`)
    console.log(again.out, again.err)
    expect(again.code).toBe(0)
  })
})
