import { describe, expect, it } from '@jest/globals'
import { applyOrBack, planNamesBack } from '../../src/commands/join/names-back.ts'
import { planInstall } from '../../src/install/objects/plan.ts'
import type { JoinSettings } from '../../src/install/objects/settings.ts'
import { ApiError } from '../../src/k8s/api.ts'
import { handClock } from '../fakes/clock.ts'
import { PLAIN_JOIN } from '../fakes/join-settings.ts'
import { fakeCluster } from '../fakes/kube.ts'

const SECRETS = { broker: { token: 'dA==' }, psk: { psk: 'cA==' } }
const plan = (settings: JoinSettings) =>
  planInstall(settings, ['a'], SECRETS, { image: 'i:1', imagePullPolicy: 'IfNotPresent', isOpenShift: false })
/** Of the settings that the pods read: they are replaced where it is another. */
const HASH = /"submariner\.io\/settings":"[^"]+"/
const ZONES = ['clusterset.local', 'apps.example']

/** A cluster that has joined with the former settings, where a join with others has written its objects; then its DNS fails. */
async function scene(former: Partial<JoinSettings> | undefined, wished: Partial<JoinSettings>) {
  const cluster = fakeCluster()
  const api = cluster.api()
  const put = async (settings: JoinSettings): Promise<void> => {
    for (const object of plan(settings)) await api.apply(object)
  }
  if (former !== undefined) await put({ ...PLAIN_JOIN, ...former })
  const settings = { ...PLAIN_JOIN, ...wished }
  const back = await planNamesBack(api, settings, plan)
  await put(settings)
  const said: string[] = []
  const failing = { apply: () => Promise.reject(new Error('taken back')) }
  const fail = (): Promise<boolean> => applyOrBack(api, failing, back, { clock: handClock(), say: (text) => said.push(text) })
  const data = () => cluster.objects('ConfigMap').find(({ metadata }) => metadata.name === 'submariner-settings')?.data ?? {}
  const pods = (): string =>
    JSON.stringify(cluster.objects('Deployment').find(({ metadata }) => metadata.name === 'submariner-dns') ?? null)
  return { api, back, said, fail, data, pods }
}

describe('where the cluster’s DNS could not be changed', () => {
  it('settings and pods are as before for names, and all else as this join wants it', async () => {
    const before = await scene({ dns: 'own', dnsServer: true, zones: ZONES }, { dns: 'own', dnsServer: true, zones: ZONES })
    const { fail, data, pods, said } = await scene(
      { dns: 'own', dnsServer: true, zones: ZONES },
      { dns: 'own', dnsServer: true, balance: 'spread' },
    )
    const hash = HASH.exec(before.pods())?.[0]
    expect(pods()).not.toContain(hash)
    await expect(fail()).rejects.toThrow('taken back')
    expect(data()).toMatchObject({ SUBMARINER_DNS: 'own', SUBMARINER_DNS_ZONES: ZONES.join(','), SUBMARINER_SERVICEBALANCE: 'spread' })
    expect(pods()).toContain(hash)
    expect(said).toEqual(['names: the settings say --dns own --zone apps.example again, as the cluster’s DNS does'])
  })

  it('with auto, where its DNS is left as it is with a note, the settings stay and it is said', async () => {
    const { api, back, data, said } = await scene({ dns: 'auto', zones: ZONES }, { dns: 'auto' })
    const run = (isDone: boolean) =>
      applyOrBack(api, { apply: async () => isDone }, back, { clock: handClock(), say: (text) => said.push(text) })
    expect(await run(true)).toBe(true)
    expect([data().SUBMARINER_DNS_ZONES, said]).toEqual(['clusterset.local', []])
    expect(await run(false)).toBe(false)
    expect([data().SUBMARINER_DNS_ZONES, said.length]).toEqual(['clusterset.local', 1])
  })

  it('pods of our DNS server that came for nothing are named', async () => {
    const { fail, data, said } = await scene({ dns: 'multicluster' }, { dns: 'own', dnsServer: true, zones: ZONES })
    await expect(fail()).rejects.toThrow('taken back')
    expect(data()).toMatchObject({ SUBMARINER_DNS: 'multicluster', SUBMARINER_DNS_ZONES: 'clusterset.local' })
    expect(said[1]).toMatch(/nobody asks the pods of submariner-dns now/)
  })

  it('nothing is written where nothing of names was to change', async () => {
    const { api, fail, said } = await scene({ dns: 'own', dnsServer: true }, { dns: 'own', dnsServer: true, balance: 'spread' })
    const calls = api.calls.length
    await expect(fail()).rejects.toThrow('taken back')
    expect([api.calls.slice(calls), said]).toEqual([[], []])
  })

  it('of a first join it says what the settings wait for', async () => {
    const { fail, said, data } = await scene(undefined, { dns: 'own', dnsServer: true, zones: ZONES })
    await expect(fail()).rejects.toThrow('taken back')
    expect(said).toEqual(['note: the settings keep --dns own --zone apps.example: names are answered once a join with that succeeds'])
    expect(data().SUBMARINER_DNS).toBe('own')
  })

  it('a way back that fails too is told with the line that mends it, and hides no error', async () => {
    const { api, fail, said } = await scene({ dns: 'auto', zones: ZONES }, { dns: 'own', dnsServer: true })
    api.failNext(new ApiError(403, 'Forbidden', 'no'), (call) => call.startsWith('apply ConfigMap'))
    await expect(fail()).rejects.toThrow('taken back')
    expect(said).toEqual([
      expect.stringMatching(
        /^! the settings say --dns own, and .* goes by --dns auto --zone apps\.example: .*Join again with --dns auto --zone apps\.example$/,
      ),
    ])
  })
})
