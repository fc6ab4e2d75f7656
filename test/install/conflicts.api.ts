// Server-side apply beside kubectl: the same objects, and fields that another manager has by now.
import { execFileSync } from 'node:child_process'
import { expect, it } from '@jest/globals'
import { NAMESPACE, SETTINGS_CONFIGMAP } from '../../src/model/names.ts'
import type { Resource } from '../../src/model/resources.ts'
import { kubeProgram } from '../cluster/control-plane.ts'
import { describePlanes, done, runOn } from '../cluster/plane-suite.ts'
import { BROKER_URL } from './beds.ts'
import { JOIN, upgradeBed } from './upgrade-bed.ts'

describePlanes('join beside kubectl apply --server-side', () => {
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
