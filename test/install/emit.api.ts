// What --emit prints, applied by kubectl: the same cluster as join makes, with nothing left for join to do.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { exec } from '../../src/system/exec.ts'
import { kubeProgram } from '../cluster/control-plane.ts'
import { describePlanes, done, type Place, type Ran, runOn } from '../cluster/plane-suite.ts'
import { until } from '../lab/until.ts'
import { BROKER_URL, realBed, SERVICES } from './beds.ts'

describePlanes('join --emit yaml', () => {
  const bed = realBed()
  const folder = mkdtempSync(join(tmpdir(), 'subctl-emit-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const subctl = async (line: string): Promise<Ran> => done(await runOn(bed().laptop, line))
  const east = (more: string) => subctl(`join --cluster-id east --context east --service-cidr ${SERVICES.east} --gateway gw ${more}`)
  const apply = async (place: Place | undefined, yaml: string, ...more: readonly string[]): Promise<string> => {
    if (place === undefined) throw new Error('no such context')
    const ca = join(folder, 'ca.crt')
    writeFileSync(ca, place.ca)
    const to = [`--server=${place.server}`, `--certificate-authority=${ca}`, `--token=${place.token}`]
    const argv = [kubeProgram('kubectl'), ...to, 'apply', '--validate=strict', '-f', '-', ...more] as const
    return (await exec(argv, { input: yaml, timeoutMs: 60_000 })).stdout
  }

  it('prints the objects of the broker apart, and no secret before there is one', async () => {
    await subctl(`deploy-broker --context broker --broker-url ${BROKER_URL}`)
    await expect(east('--emit yaml --with-secrets')).rejects.toThrow('SUB0427')
    const { out } = await east('--emit yaml --emit-for broker')
    expect(out).not.toContain('DaemonSet')
    expect(await apply(bed().laptop.contexts.broker, out)).toContain('cluster.submariner.io/east created')
  })

  it('prints objects that the server takes as they are, and that leave join nothing to do', async () => {
    let yaml = ''
    await until('the broker has made a token', async () => {
      yaml = await east('--emit yaml --with-secrets').then(
        ({ out }) => out,
        () => '',
      )
      return yaml !== ''
    })
    const said = await apply(bed().laptop.contexts.east, yaml)
    for (const name of ['submariner-gateway', 'submariner-charon', 'submariner-route-agent'])
      expect(said).toContain(`daemonset.apps/${name} created`)
    const { out } = await east('--plan')
    expect(out).toMatch(/Plan: 0 to create, 0 to change, \d+ unchanged/)
    expect(out).not.toContain('is of field manager')
    expect((await east('--yes')).out).toMatch(/^0 created, 0 changed/)
  })

  it('a setting that changes afterwards names as conflicts what it would take from kubectl, and nothing else', async () => {
    const fieldsOf = (text: string): readonly string[] => [...text.matchAll(/! (\S+) is of field manager/g)].map(([, field = '']) => field)
    const { out } = await east('--natt-port 4501 --plan')
    expect(new Set(fieldsOf(out).map((field) => field.replace(/^.*\./, '')))).toEqual(new Set(['CE_IPSEC_NATTPORT', 'io/settings']))
    await subctl(`join --cluster-id east --context east --service-cidr ${SERVICES.east} --gateway gw --natt-port 4501 --force-conflicts`)
    expect((await east('--natt-port 4501')).out).toMatch(/^0 created, 0 changed/)
    await east('--force-conflicts')
  })

  it('without secrets prints all else the same', async () => {
    const [plain, whole] = [(await east('--emit yaml')).out, (await east('--emit yaml --with-secrets')).out]
    const kinds = (text: string) => [...text.matchAll(/^kind: (\w+)$/gm)].map(([, kind]) => kind)
    expect(kinds(plain)).toEqual(kinds(whole).filter((kind) => kind !== 'Secret'))
    expect(plain).toMatch(/^# Secret submariner\/submariner-ipsec-psk with psk: secret, so not written here/m)
  })
})
