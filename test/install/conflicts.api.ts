// Server-side apply beside kubectl: the same objects, and fields that another manager has by now.
import { execFileSync } from 'node:child_process'
import { expect, it } from '@jest/globals'
import { at, listAt, textAt } from '../../src/install/tree.ts'
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
    // Under another name again: what is written as the server writes it is nobody's conflict.
    expect(kubectl('apply', '--server-side', '--field-manager', 'somebody', '--dry-run=server', '-f', '-')).toContain('serverside-applied')
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

  /** As an older version wrote it: the same for the server, other words for whoever compares texts. */
  const OTHER_WORDS = `
apiVersion: v1
kind: ResourceQuota
metadata: { name: submariner-critical-pods, namespace: ${NAMESPACE} }
spec: { hard: { pods: "100000" } }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: submariner-gateway, namespace: ${NAMESPACE} }
spec:
  template:
    spec:
      containers:
        - name: gateway
          env: [{ name: NODE_NAME, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }]
`
  it('the same values in other words are no conflict, for --plan, for join and for upgrade', async () => {
    const { laptop, kubeconfigs } = bed()
    const apply = ['apply', '--server-side', '--force-conflicts', '-f', '-']
    execFileSync(kubeProgram('kubectl'), ['--kubeconfig', kubeconfigs.west, ...apply], { input: OTHER_WORDS })
    expect(done(await runOn(laptop, `${JOIN} --plan`)).out).toMatch(/Plan: 0 to create, 0 to change, \d+ unchanged/)
    expect(done(await runOn(laptop, JOIN)).out).toMatch(/^0 created, 0 changed/)
    expect(done(await runOn(laptop, 'upgrade --context west --yes')).out).toContain('all is up')
    const other = await runOn(laptop, `${JOIN} --natt-port 4501 --plan`)
    expect(done(other).out).toContain('~ ConfigMap')
    expect(other.out).not.toContain('is of field manager')
    expect(managersOf(kubeconfigs.west, 'daemonset/submariner-gateway', NODE_NAME)).toEqual(['kubectl'])
  })

  it('--force-conflicts makes us an owner of such fields too', async () => {
    const { laptop, kubeconfigs } = bed()
    done(await runOn(laptop, `${JOIN} --force-conflicts`))
    expect(managersOf(kubeconfigs.west, 'daemonset/submariner-gateway', NODE_NAME)).toContain('subctl')
    expect(managersOf(kubeconfigs.west, 'resourcequota/submariner-critical-pods', ['f:hard', 'f:pods'])).toContain('subctl')
    expect(done(await runOn(laptop, JOIN)).out).toMatch(/^0 created, 0 changed/)
  })
})

const CONTAINER = ['f:template', 'f:spec', 'f:containers', 'k:{"name":"gateway"}']
const NODE_NAME = [...CONTAINER, 'f:env', 'k:{"name":"NODE_NAME"}', 'f:valueFrom', 'f:fieldRef']

/** Who owns a field in the spec of an object. */
function managersOf(kubeconfig: string, object: string, path: readonly string[]): readonly string[] {
  const get = ['get', object, '-n', NAMESPACE, '-o', 'json', '--show-managed-fields']
  const found: unknown = JSON.parse(execFileSync(kubeProgram('kubectl'), ['--kubeconfig', kubeconfig, ...get], { encoding: 'utf8' }))
  return listAt(found, 'metadata', 'managedFields').flatMap((entry) =>
    at(entry, 'fieldsV1', 'f:spec', ...path) === undefined ? [] : [textAt(entry, 'manager') ?? ''],
  )
}
