// What docs/helm.md has for names of services, line by line on a real API: what a join would write, so that a join has nothing left to do.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { planNames, planUndo } from '../../src/commands/names/set-up.ts'
import { mcsCrds } from '../../src/install/objects/manifests.ts'
import { realClock } from '../../src/system/clock.ts'
import { describePlanes, openPlace, planes } from '../cluster/plane-suite.ts'
import { PLAIN_JOIN } from '../fakes/join-settings.ts'
import { KUBEADM } from '../install/names/corefiles.ts'
import { until } from '../lab/until.ts'
import { linesUnder, runLines } from './guide.ts'

const AT = { namespace: 'kube-system', name: 'coredns' }
const LABELS = { 'k8s-app': 'kube-dns' }
const DEPLOYMENT = {
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { ...AT, labels: LABELS } },
  spec: {
    replicas: 0,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        serviceAccountName: 'coredns',
        containers: [{ name: 'coredns', image: 'coredns:1.12.4', volumeMounts: [{ name: 'config', mountPath: '/etc/coredns' }] }],
        volumes: [{ name: 'config', configMap: { name: 'coredns' } }],
      },
    },
  },
}

describePlanes('names of services by the guide of Helm', () => {
  const at = planes(['west'])
  const folder = mkdtempSync(join(tmpdir(), 'subctl-names-guide-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('gives CoreDNS the right and the lines of a join, and uninstall finds both', async () => {
    const api = openPlace(at.west)
    for (const crd of mcsCrds()) await api.apply(crd)
    await until('the kind is served', async () => (await api.raw('/apis')).includes('multicluster.x-k8s.io'))
    const data = { Corefile: KUBEADM, other: 'kept\n' }
    // What a first go has made.
    for (const kind of ['ConfigMap', 'Deployment'] as const) await api.remove(kind, AT.name, AT.namespace)
    await api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: AT, ...{ data } })
    await api.create(DEPLOYMENT)
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, readFileSync(at.west.kubeconfig, 'utf8'))
    const shell = { kubeconfig, folder }
    await runLines(shell, 'kubectl config rename-context "$(kubectl config current-context)" west')
    await runLines(shell, linesUnder('Names of services').join('\n'))

    const map = await api.get('ConfigMap', AT.name, AT.namespace)
    expect(map?.data).toMatchObject({ other: 'kept\n', Corefile: expect.stringMatching(/^# BEGIN subctl: [\s\S]*\n# END subctl\n/) })
    const plan = await planNames(api, PLAIN_JOIN)
    expect([plan.mode, plan.lines, plan.notes]).toEqual(['multicluster', [], []])
    const undo = await planUndo(api)
    expect(undo.lines[0]).toBe('~ ConfigMap kube-system/coredns Corefile')
    await undo.undo(api, { clock: realClock, signal: new AbortController().signal, deadline: Date.now() + 60_000, say: () => undefined })
    expect((await api.get('ConfigMap', AT.name, AT.namespace))?.data).toEqual(data)
    expect(await api.get('ClusterRole', 'submariner-cluster-dns')).toBeUndefined()
    expect(await api.get('ClusterRoleBinding', 'submariner-cluster-dns')).toBeUndefined()
  }, 120_000)
})
