import { expect, it } from '@jest/globals'
import { isReady } from '../../src/install/rollout/rollout.ts'
import { NAMESPACE, ROUTE_AGENT_WORKLOAD } from '../../src/model/names.ts'
import type { Pod } from '../../src/model/resources.ts'
import { describePlanes, done, runOn } from '../cluster/plane-suite.ts'
import { until } from '../lab/until.ts'
import { BROKER_URL } from './beds.ts'
import { BROKEN, JOIN, upgradeBed } from './upgrade-bed.ts'

describePlanes('join --wait and upgrade, with a real API server and DaemonSet controller', () => {
  const bed = upgradeBed()
  /** Others are replaced by the cluster's own controllers, in their own order. */
  const isOfGateways = (line: string): boolean => /^(submariner-gateway|submariner-charon|active) /.test(line)
  const images = async (): Promise<readonly string[]> =>
    [
      ...new Set(
        (await bed().api.list('Pod', { namespace: NAMESPACE })).items
          .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
          .map(({ spec }) => spec?.containers?.[0]?.image ?? ''),
      ),
    ].sort()
  const strategy = async (): Promise<unknown> =>
    Reflect.get(Reflect.get((await bed().api.get('DaemonSet', 'submariner-gateway', NAMESPACE)) ?? {}, 'spec'), 'updateStrategy')

  it('a first join with an image that is not to be had is mended by joining with the right one, charon and all', async () => {
    const { laptop } = bed()
    done(await runOn(laptop, `deploy-broker --context west --broker-url ${BROKER_URL}`))
    const first = await runOn(laptop, `${JOIN} --image ${BROKEN} --wait --timeout 6s`)
    expect(first.code).toBe(75)
    expect(first.err).toMatch(/charon on gw\d[^:\n]*: the image localhost\/broken:1 cannot be pulled: no such image/)
    const { err } = done(await runOn(laptop, `${JOIN} --image localhost/subctl:1 --wait --timeout 180s`))
    expect(err).toContain('replacing charon on gw1: its old pod is not ready')
    expect(await images()).toEqual(['localhost/subctl:1'])
  })

  it('join --wait ends when the agents are up', async () => {
    const { laptop } = bed()
    const { err } = done(await runOn(laptop, `${JOIN} --image localhost/subctl:1 --wait --timeout 180s`))
    expect(err).toContain('gateway: 2 of 2 ready')
    expect(err).toContain('route-agent: 3 of 3 ready')
    expect(err).toContain('All is up. No other cluster has a gateway on the broker yet.')
  })

  it('an image that is not to be had ends with 75, its name and what to do; joining with the right one mends it', async () => {
    const { laptop } = bed()
    const broken = await runOn(laptop, `${JOIN} --image ${BROKEN} --wait --timeout 4s`)
    expect(broken.code).toBe(75)
    expect(broken.err).toMatch(
      /error SUB0420: [\s\S]*route-agent on \w+(, discovery on [^:]+)?: the image localhost\/broken:1 cannot be pulled: no such image\n[\s\S]*--image/,
    )
    done(await runOn(laptop, `${JOIN} --image localhost/subctl:1 --wait --timeout 180s`))
    expect(await images()).toEqual(['localhost/subctl:1'])
  })

  /** Which gateway leads is up to the one before. */
  const roles = async (): Promise<{ readonly active: string; readonly standby: string }> => {
    const { items } = await bed().api.list('Gateway', { namespace: NAMESPACE })
    const of = (role: string): string => items.find(({ status }) => status?.haStatus === role)?.metadata.name ?? `no ${role}`
    return { active: of('active'), standby: of('passive') }
  }
  const inOrder = ({ active, standby }: Awaited<ReturnType<typeof roles>>): readonly string[] => [
    `submariner-charon ${standby}`,
    `submariner-gateway ${standby}`,
    `submariner-gateway ${active}`,
    `active ${standby}`,
    `submariner-charon ${active}`,
  ]

  it('upgrade replaces standbys first, hands over once, and leaves strategies as they are installed', async () => {
    const { laptop, history } = bed()
    const before = await roles()
    history.length = 0
    const { err, out } = done(await runOn(laptop, 'upgrade --context west --image localhost/subctl:2 --timeout 180s'))
    expect(history.filter(isOfGateways)).toEqual(inOrder(before))
    expect(err).toContain(`replacing the engine on ${before.active} (it hands over to a standby first)`)
    expect(out).toContain('The agents are of image localhost/subctl:2 now')
    expect(await images()).toEqual(['localhost/subctl:2'])
    expect(await strategy()).toMatchObject({ type: 'RollingUpdate' })
    history.length = 0
    expect(done(await runOn(laptop, 'upgrade --context west --image localhost/subctl:2')).code).toBe(0)
    expect(history).toEqual([])
  })

  it('upgrade that broke off goes on where it was', async () => {
    const { laptop, history } = bed()
    history.length = 0
    const cut = await runOn({ ...laptop, endAt: 'replacing the engine on' }, 'upgrade --context west --image localhost/subctl:3')
    expect(cut.code).toBe(130)
    expect(await strategy()).toEqual({ type: 'OnDelete' })
    done(await runOn(laptop, 'upgrade --context west --image localhost/subctl:3'))
    const gateways = history.filter((line) => line.startsWith('submariner-gateway') || line.startsWith('submariner-charon'))
    expect(gateways).toHaveLength(4)
    expect(history.filter((line) => line.startsWith('active'))).toHaveLength(1)
    expect(await images()).toEqual(['localhost/subctl:3'])
    expect(await strategy()).toMatchObject({ type: 'RollingUpdate' })
  })

  it('upgrade stops at the first node that has no image, with the gateways untouched', async () => {
    const { laptop, history } = bed()
    history.length = 0
    const broken = await runOn(laptop, `upgrade --context west --image ${BROKEN} --timeout 3s`)
    expect(broken.code).toBe(75)
    expect(broken.err).toContain(`the image ${BROKEN} cannot be pulled`)
    expect(history.filter(isOfGateways)).toEqual([])
    done(await runOn(laptop, 'upgrade --context west --image localhost/subctl:3'))
  })

  it('upgrade mends a cluster whose agents never came up: their pods hold nothing up, and are replaced first', async () => {
    const { laptop, api, history } = bed()
    // As another program would, which knows of no order: all pods of the gateways are of an image that is not to be had.
    const template = { spec: { containers: [{ name: 'charon', image: BROKEN }] } }
    await api.patch('DaemonSet', 'submariner-charon', NAMESPACE, { spec: { template } })
    await until('the set is looked at', async () => {
      const set = await api.get('DaemonSet', 'submariner-charon', NAMESPACE)
      return set?.status?.observedGeneration === set?.metadata.generation
    })
    const charons = (await api.list('Pod', { namespace: NAMESPACE })).items.filter(
      ({ metadata }) => metadata.labels?.app === 'submariner-charon',
    )
    for (const { metadata } of charons) await api.remove('Pod', metadata.name, NAMESPACE)
    await until('they are broken', async () => (await images()).includes(BROKEN))
    history.length = 0
    const { err } = done(await runOn(laptop, 'upgrade --context west --image localhost/subctl:3 --force-conflicts --timeout 60s'))
    expect(err).toContain('(it is not ready, and has nothing to hand over)')
    expect(err).not.toContain('tunnels are down')
    expect(await images()).toEqual(['localhost/subctl:3'])
  })

  it('upgrade --plan tells fields, and changes nothing', async () => {
    const { laptop, history } = bed()
    history.length = 0
    const { out } = done(await runOn(laptop, 'upgrade --context west --image localhost/subctl:4 --plan'))
    expect(out).toContain('spec.template.spec.containers.gateway.image: "localhost/subctl:3" -> "localhost/subctl:4"')
    expect(history).toEqual([])
  })

  it('joining again with another port replaces charon too, a standby’s first, and waits for it', async () => {
    const { laptop, history } = bed()
    const before = await roles()
    history.length = 0
    const { err } = done(await runOn(laptop, `${JOIN} --image localhost/subctl:3 --natt-port 4600 --wait --timeout 180s`))
    expect(history).toEqual(inOrder(before))
    expect(err).toContain('it hands over to a standby first')
    expect(await strategy()).toMatchObject({ type: 'RollingUpdate' })
    history.length = 0
    done(await runOn(laptop, `${JOIN} --image localhost/subctl:3 --natt-port 4600 --wait`))
    expect(history).toEqual([])
  })

  it('joining with the right settings mends route agents that charon’s old settings keep from starting, and so does upgrade', async () => {
    const { laptop, api } = bed()
    const pods = async (app: string): Promise<readonly Pod[]> =>
      (await api.list('Pod', { namespace: NAMESPACE })).items.filter(({ metadata }) => metadata.labels?.app === app)
    const spoil = async (): Promise<void> => {
      bed().spoiling = (await pods('submariner-charon')).map(({ metadata }) => metadata.uid ?? '')
      await until('route agents on gateways are not ready', async () => !(await pods(ROUTE_AGENT_WORKLOAD)).every(isReady))
    }
    await spoil()
    const { err } = done(await runOn(laptop, `${JOIN} --image localhost/subctl:3 --natt-port 4602 --wait --timeout 60s`))
    expect(err).toContain('is waited for once the gateway’s pods on its node are new')
    expect(err).toContain('All is up')
    await spoil()
    done(await runOn(laptop, 'upgrade --context west --image localhost/subctl:4 --timeout 60s'))
    expect(await images()).toEqual(['localhost/subctl:4'])
  })

  it('a join that broke off before charon’s turn is completed by running it again', async () => {
    const { laptop, history } = bed()
    const again = `${JOIN} --image localhost/subctl:4 --natt-port 4603 --wait --timeout 60s`
    const cut = await runOn({ ...laptop, endAt: 'Route agents, node by node' }, again)
    expect(cut.code).toBe(130)
    history.length = 0
    done(await runOn(laptop, again))
    expect(history.filter((line) => line.startsWith('submariner-charon'))).toHaveLength(2)
    expect(await strategy()).toMatchObject({ type: 'RollingUpdate' })
  })

  it('who joins again without a wait is told that charon goes on as it was, and it does', async () => {
    const { laptop, history } = bed()
    history.length = 0
    const { err } = done(await runOn(laptop, `${JOIN} --image localhost/subctl:4 --natt-port 4604`))
    expect(err).toContain('charon goes on with the settings it has')
    expect(err).toMatch(/: subctl upgrade( --\S+ \S+)*, or this join again with --wait/)
    await until('the engines are replaced', async () => history.filter((line) => line.startsWith('submariner-gateway')).length === 2)
    expect(history.filter((line) => line.startsWith('submariner-charon'))).toEqual([])
  })

  it('upgrade refuses a cluster that has not joined', async () => {
    const ran = await runOn(bed().laptop, 'upgrade --context other')
    expect(`${ran.code} ${/SUB\d+/.exec(ran.err)?.[0]}`).toBe('1 SUB0424')
  })
})
