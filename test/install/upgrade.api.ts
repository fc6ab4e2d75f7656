import { execFileSync } from 'node:child_process'
import { expect, it } from '@jest/globals'
import { NAMESPACE, SETTINGS_CONFIGMAP } from '../../src/model/names.ts'
import type { Resource } from '../../src/model/resources.ts'
import { kubeProgram } from '../cluster/control-plane.ts'
import { describePlanes, type Ran, runOn } from '../cluster/plane-suite.ts'
import { BROKER_URL } from './beds.ts'
import { BROKEN, upgradeBed } from './upgrade-bed.ts'

const done = (ran: Ran): Ran => {
  if (ran.code !== 0) throw new Error(`exit ${ran.code}: ${ran.err}`)
  return ran
}
const JOIN = 'join --cluster-id west --context west --gateway gw1 --gateway gw2 --service-cidr 100.64.0.0/16'

describePlanes('join --wait and upgrade, with a real API server and DaemonSet controller', () => {
  const bed = upgradeBed()
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

  it('join --wait ends when the agents are up', async () => {
    const { laptop } = bed()
    done(await runOn(laptop, `deploy-broker --context west --broker-url ${BROKER_URL}`))
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
      /error SUB0420: [\s\S]*route-agent on \w+: the image localhost\/broken:1 cannot be pulled: no such image\n[\s\S]*--image/,
    )
    done(await runOn(laptop, `${JOIN} --image localhost/subctl:1 --wait --timeout 180s`))
    expect(await images()).toEqual(['localhost/subctl:1'])
  })

  it('upgrade replaces standbys first, hands over once, and leaves strategies as they are installed', async () => {
    const { laptop, history } = bed()
    history.length = 0
    const { err, out } = done(await runOn(laptop, 'upgrade --context west --image localhost/subctl:2 --timeout 180s'))
    expect(history.filter((line) => !line.includes('route-agent'))).toEqual([
      'submariner-charon gw2',
      'submariner-gateway gw2',
      'submariner-gateway gw1',
      'active gw2',
      'submariner-charon gw1',
    ])
    expect(err).toContain('replacing the engine on gw1 (it hands over to a standby first)')
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
    expect(history.filter((line) => !line.includes('route-agent'))).toEqual([])
    done(await runOn(laptop, 'upgrade --context west --image localhost/subctl:3'))
  })

  it('upgrade --plan tells fields, and changes nothing', async () => {
    const { laptop, history } = bed()
    history.length = 0
    const { out } = done(await runOn(laptop, 'upgrade --context west --image localhost/subctl:4 --plan'))
    expect(out).toContain('spec.template.spec.containers.gateway.image: "localhost/subctl:3" -> "localhost/subctl:4"')
    expect(history).toEqual([])
  })

  it('upgrade refuses a cluster that has not joined', async () => {
    const ran = await runOn(bed().laptop, 'upgrade --context other')
    expect(`${ran.code} ${/SUB\d+/.exec(ran.err)?.[0]}`).toBe('1 SUB0424')
  })
})

describePlanes('join --emit yaml', () => {
  const bed = upgradeBed()
  /** What matters of an object: what was asked for, not who asked when. */
  const bare = ({ kind, metadata, ...rest }: Resource): unknown => ({
    kind,
    name: metadata.name,
    labels: metadata.labels,
    ...Object.fromEntries(Object.entries(rest).filter(([key]) => key !== 'status')),
  })
  it('applied by kubectl makes the same cluster as join does', async () => {
    const { laptop, api, other, kubeconfigs } = bed()
    done(await runOn(laptop, `deploy-broker --context west --broker-url ${BROKER_URL}`))
    const { out } = done(await runOn(laptop, `${JOIN} --emit yaml --emit-for cluster`))
    const kubectl = (...args: readonly string[]): string =>
      execFileSync(kubeProgram('kubectl'), ['--kubeconfig', kubeconfigs.other, ...args], { input: out, encoding: 'utf8' })
    expect(kubectl('apply', '--server-side', '-f', '-')).toContain('daemonset.apps/submariner-gateway serverside-applied')
    done(await runOn(laptop, JOIN))
    for (const kind of [
      'ConfigMap',
      'DaemonSet',
      'Role',
      'RoleBinding',
      'ServiceAccount',
      'ClusterRole',
      'ClusterRoleBinding',
      'ResourceQuota',
    ] as const) {
      const of = async (one: typeof api): Promise<readonly unknown[]> =>
        (await one.list(kind, { labels: { 'app.kubernetes.io/part-of': 'submariner' } })).items
          .filter(({ metadata }) => metadata.namespace !== 'submariner-k8s-broker')
          .map(bare)
      const joined = await of(api)
      expect([kind, joined.length > 0]).toEqual([kind, true])
      expect(await of(other)).toEqual(joined)
    }
    const labels = (await other.get('Node', 'gw1'))?.metadata.labels
    expect(labels).toMatchObject({ 'submariner.io/gateway': 'true' })
  })

  it('a change that kubectl has made is named, and taken over only when told to', async () => {
    const { laptop, api, kubeconfigs } = bed()
    const port = async (): Promise<unknown> => (await api.get('ConfigMap', SETTINGS_CONFIGMAP, NAMESPACE))?.data?.CE_IPSEC_NATTPORT
    const change = ['-n', NAMESPACE, 'patch', 'configmap', SETTINGS_CONFIGMAP, '-p', '{"data":{"CE_IPSEC_NATTPORT":"4600"}}']
    execFileSync(kubeProgram('kubectl'), ['--kubeconfig', kubeconfigs.west, ...change, '--field-manager', 'kubectl-edit'])
    const refused = await runOn(laptop, JOIN)
    expect(refused.code).toBe(1)
    expect(refused.err).toContain(`ConfigMap ${NAMESPACE}/${SETTINGS_CONFIGMAP} .data.CE_IPSEC_NATTPORT: of "kubectl-edit"`)
    expect(done(await runOn(laptop, `${JOIN} --plan`)).out).toContain('! .data.CE_IPSEC_NATTPORT is of field manager "kubectl-edit"')
    expect(await port()).toBe('4600')
    done(await runOn(laptop, `${JOIN} --force-conflicts`))
    expect(await port()).toBe('4500')
    expect(done(await runOn(laptop, JOIN)).out).toMatch(/^0 created, 0 changed/)
  })
})
