// export, unexport and show services on a real API server, which has no agents.
import { execFileSync } from 'node:child_process'
import { expect, it } from '@jest/globals'
import exportsCrd from '../../manifests/mcs/serviceexports.yaml'
import importsCrd from '../../manifests/mcs/serviceimports.yaml'
import { applyPlan } from '../../src/install/apply/apply.ts'
import { compare } from '../../src/install/apply/compare.ts'
import type { KubeApi } from '../../src/k8s/api.ts'
import { parseObjects } from '../../src/k8s/yaml.ts'
import type { Resource } from '../../src/model/resources.ts'
import { realClock } from '../../src/system/clock.ts'
import { kubeProgram } from '../cluster/control-plane.ts'
import { describePlanes, done, type Laptop, openPlace, planes, runOn } from '../cluster/plane-suite.ts'
import { make } from '../fakes/kube.ts'

async function apply(api: KubeApi, objects: readonly Resource[]): Promise<void> {
  const options = { clock: realClock, signal: new AbortController().signal, deadline: Date.now() + 60_000, progress: () => undefined }
  await applyPlan(api, await compare(api, objects), options)
}
const ports = [{ name: 'http', port: 80 }]
const external = { type: 'ExternalName' as const, externalName: 'web.example' }

describePlanes('services on a real API server', () => {
  const at = planes(['west'])
  const subctl = (line: string) => {
    const laptop: Laptop = { contexts: { west: at.west, '': at.west }, files: new Map() }
    return runOn(laptop, line)
  }

  it('that lacks the kinds: export says so, and unexport has nothing to do', async () => {
    const api = openPlace(at.west)
    await apply(
      api,
      ['shop', 'submariner'].map((name) => make('Namespace', name, {})),
    )
    await api.create(make('Service', 'web', { spec: { ports } }, { namespace: 'shop' }))
    await api.create(make('Service', 'ext', { spec: external }, { namespace: 'shop' }))
    await api.create(make('ConfigMap', 'submariner-settings', { data: { SUBMARINER_CLUSTERID: 'west' } }, { namespace: 'submariner' }))
    expect(await subctl('export service web -n shop')).toMatchObject({ code: 1, err: expect.stringContaining('error SUB0901') })
    expect(await subctl('show services')).toMatchObject({ code: 1, err: expect.stringContaining('error SUB0901') })
    expect(done(await subctl('unexport service web -n shop')).out).toContain('it is not exported')
  })

  it('exports a service, and run again leaves the object as it is', async () => {
    const api = openPlace(at.west)
    await apply(api, [exportsCrd, importsCrd].flatMap(parseObjects))
    expect(done(await subctl('export service web -n shop --plan')).out).toContain('+ ServiceExport shop/web')
    expect((await api.list('ServiceExport')).items).toEqual([])
    done(await subctl('export service web -n shop'))
    const before = await api.get('ServiceExport', 'web', 'shop')
    expect(before?.metadata.labels).toBeUndefined()
    expect(done(await subctl('export service web -n shop')).out).toContain('1 unchanged. Nothing was changed.')
    expect(await api.get('ServiceExport', 'web', 'shop')).toEqual(before)
  })

  it('changes the annotation alone', async () => {
    const api = openPlace(at.west)
    await api.patch('ServiceExport', 'web', 'shop', { spec: { exportedLabels: { team: 'shop' } } })
    expect(done(await subctl('export service web -n shop --use-clusterset-ip false')).out).toContain('~ ServiceExport shop/web')
    expect(await api.get('ServiceExport', 'web', 'shop')).toMatchObject({
      metadata: { annotations: { 'lighthouse.submariner.io/use-clusterset-ip': 'false' } },
      spec: { exportedLabels: { team: 'shop' } },
    })
  })

  it('leaves a field that kubectl has set, unless that is forced', async () => {
    const key = 'lighthouse.submariner.io/use-clusterset-ip'
    const said = async (): Promise<unknown> => (await openPlace(at.west).get('ServiceExport', 'web', 'shop'))?.metadata.annotations?.[key]
    const change = ['-n', 'shop', 'annotate', '--overwrite', 'serviceexport', 'web', `${key}=true`, '--field-manager', 'kubectl-annotate']
    execFileSync(kubeProgram('kubectl'), ['--kubeconfig', at.west.kubeconfig, ...change])
    const refused = await subctl('export service web -n shop --use-clusterset-ip false')
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('error SUB0905') })
    expect(refused.err).toContain('kubectl-annotate looks after it')
    expect(await said()).toBe('true')
    done(await subctl('export service web -n shop --use-clusterset-ip false --force'))
    expect(await said()).toBe('false')
  })

  it('names what of a namespace cannot be exported, shows what is, and takes all back', async () => {
    const api = openPlace(at.west)
    const { out } = done(await subctl('export namespace shop'))
    expect(out).toContain('! Service shop/ext: Service ext is of type ExternalName')
    expect(out).toContain('0 created, 0 changed, 1 unchanged, 1 cannot be exported.')
    const { items } = JSON.parse(done(await subctl('show services -o json')).out)
    expect(items).toMatchObject([
      { namespace: 'shop', name: 'web', clusters: [{ cluster: 'west', export: { state: 'no answer' }, import: { state: 'no' } }] },
    ])
    expect(await subctl('export service web -n shop --wait --timeout 1s')).toMatchObject({
      code: 75,
      err: expect.stringContaining('SUB0907'),
    })
    done(await subctl('unexport namespace shop --wait'))
    expect((await api.list('ServiceExport')).items).toEqual([])
    expect(await api.get('Service', 'web', 'shop')).toBeDefined()
  })
})
