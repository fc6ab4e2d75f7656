import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { stringify } from 'yaml'
import { type KubeconfigChoice, kubeconfigAccess } from '../../src/k8s/kubeconfig.ts'
import type { UserError } from '../../src/model/errors.ts'
import { PROBLEMS } from '../../src/model/problems.ts'
import { exec } from '../../src/system/exec.ts'
import { realFiles } from '../../src/system/files.ts'
import { handClock } from '../fakes/clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'subctl-kubeconfig-'))
const clock = handClock()
const pems = { cert: '', key: '', otherKey: '' }
const SECRET = 'verysecrettoken'

beforeAll(() => {
  for (const name of ['one', 'two'])
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
        '-keyout',
        join(folder, `${name}.key`),
        '-out',
        join(folder, `${name}.crt`),
      ],
      { stdio: 'ignore' },
    )
  pems.cert = readFileSync(join(folder, 'one.crt'), 'utf8')
  pems.key = readFileSync(join(folder, 'one.key'), 'utf8')
  pems.otherKey = readFileSync(join(folder, 'two.key'), 'utf8')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const file = (name: string, content: unknown): string => {
  const path = join(folder, name)
  writeFileSync(path, typeof content === 'string' ? content : stringify(content))
  return path
}
const program = (name: string, script: string): string => {
  const path = file(name, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}
interface Parts {
  readonly cluster?: object
  readonly user?: object
  readonly context?: object
  readonly more?: object
}
const config = ({ cluster, user, context, more }: Parts = {}): object => ({
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'west', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
  users: [{ name: 'admin', user: { token: SECRET, ...user } }],
  contexts: [{ name: 'west-admin', context: { cluster: 'west', user: 'admin', ...context } }],
  'current-context': 'west-admin',
  ...more,
})
const access = (choice: KubeconfigChoice, env: Readonly<Record<string, string>> = {}) =>
  kubeconfigAccess(choice, { env, clock, files: realFiles, exec })
const accessOf = (content: unknown, choice: KubeconfigChoice = {}) => access({ kubeconfig: file('config', content), ...choice })
const faultOf = (of: Promise<unknown>): Promise<UserError> =>
  of.then(
    () => {
      throw new Error('there was no error')
    },
    (error) => error,
  )

describe('kubeconfigAccess', () => {
  it('gives server and token of the current context, and of another when asked', async () => {
    const content = {
      ...config(),
      clusters: [
        { name: 'west', cluster: { server: 'https://10.0.0.1:6443/' } },
        {
          name: 'east',
          cluster: { server: 'https://rancher.example/k8s/clusters/c-1', 'tls-server-name': 'kube', 'insecure-skip-tls-verify': true },
        },
      ],
      contexts: [
        { name: 'west-admin', context: { cluster: 'west', user: 'admin' } },
        { name: 'east', context: { cluster: 'east' } },
      ],
    }
    const west = await accessOf(content)
    expect(west).toMatchObject({ server: 'https://10.0.0.1:6443', insecure: false })
    expect(await west.credentials()).toEqual({ token: SECRET })
    const east = await accessOf(content, { context: 'east' })
    expect(east).toMatchObject({ server: 'https://rancher.example/k8s/clusters/c-1', insecure: true, tlsServerName: 'kube' })
    expect(await east.credentials()).toEqual({})
  })

  it('reads certificates from the file itself and from files beside it', async () => {
    const inside = await accessOf(
      config({
        cluster: { 'certificate-authority-data': base64(pems.cert) },
        user: { token: undefined, 'client-certificate-data': base64(pems.cert), 'client-key-data': base64(pems.key) },
      }),
    )
    const beside = await accessOf(
      config({
        cluster: { 'certificate-authority': 'one.crt' },
        user: { token: undefined, 'client-certificate': 'one.crt', 'client-key': 'one.key' },
      }),
    )
    const expected = { ca: pems.cert, cert: pems.cert, key: pems.key }
    expect([await inside.credentials(), await beside.credentials()]).toEqual([expected, expected])
  })

  it('reads a token file again at each call', async () => {
    file('token', 'first\n')
    const { credentials } = await accessOf(config({ user: { token: 'ignored', tokenFile: 'token' } }))
    expect(await credentials()).toEqual({ token: 'first' })
    file('token', 'second')
    expect(await credentials()).toEqual({ token: 'second' })
  })

  it('merges the files of KUBECONFIG as kubectl does: the first that says something counts, missing files are passed over', async () => {
    const one = file('one', { 'current-context': 'both', clusters: [{ name: 'c', cluster: { server: 'https://first' } }] })
    const two = file('two', {
      clusters: [{ name: 'c', cluster: { server: 'https://second' } }],
      users: [{ name: 'u', user: { token: 'of-two' } }],
      contexts: [{ name: 'both', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'other',
    })
    const merged = await access({}, { KUBECONFIG: `${folder}/missing:${one}::${two}` })
    expect(merged.server).toBe('https://first')
    expect(await merged.credentials()).toEqual({ token: 'of-two' })
  })

  it('falls back to the file in the home folder', async () => {
    mkdirSync(join(folder, '.kube'), { recursive: true })
    file('.kube/config', config())
    expect((await access({}, { HOME: folder })).server).toBe('https://10.0.0.1:6443')
  })

  it('runs a credential program once for as long as its answer is good, with what such programs expect', async () => {
    const path = program(
      'login',
      `echo "$KUBERNETES_EXEC_INFO $EXTRA $1" >> ${folder}/runs
echo '{"kind":"ExecCredential","status":{"token":"t'$(wc -l < ${folder}/runs)'","expirationTimestamp":"${new Date(clock.now() + 600_000).toISOString()}"}}'`,
    )
    const entry = {
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      command: './login',
      args: ['arg'],
      env: [{ name: 'EXTRA', value: 'extra' }],
    }
    expect(path).toBe(join(folder, 'login'))
    const { credentials } = await accessOf(config({ user: { token: undefined, exec: entry } }))
    expect(await Promise.all([credentials(), credentials()])).toEqual([{ token: 't1' }, { token: 't1' }])
    await clock.advance(500_000)
    expect(await credentials()).toEqual({ token: 't1' })
    await clock.advance(95_000)
    expect(await credentials()).toEqual({ token: 't2' })
    const [first] = readFileSync(join(folder, 'runs'), 'utf8').split('\n')
    expect(first).toBe(
      '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","spec":{"interactive":false}} extra arg',
    )
  })

  it.each<readonly [string, unknown, KubeconfigChoice, string, RegExp]>([
    ['nothing', '', {}, 'SUB0203', /is empty/],
    ['a list', '- a\n- b\n', {}, 'SUB0203', /no clusters, contexts and users/],
    ['prose', 'hello', {}, 'SUB0203', /no clusters, contexts and users/],
    ['broken YAML', `users:\n- name: x\n  user: {token: ${SECRET}\n`, {}, 'SUB0203', /line \d+/],
    ['YAML with a tab', `users:\n\t- ${SECRET}\n`, {}, 'SUB0203', /line 2/],
    ['a cluster without a server', config({ cluster: { server: undefined } }), {}, 'SUB0203', /server is missing/],
    ['no current context', config({ more: { 'current-context': '' } }), {}, 'SUB0204', /no current context/],
    ['an unknown current context', config({ more: { 'current-context': 'gone' } }), {}, 'SUB0204', /no context "gone"/],
    ['an unknown context asked for', config(), { context: 'nowhere' }, 'SUB0204', /no context "nowhere"/],
    ['a context of an unknown cluster', config({ context: { cluster: 'nope' } }), {}, 'SUB0205', /cluster "nope"/],
    ['a context of an unknown user', config({ context: { user: 'nobody' } }), {}, 'SUB0205', /user "nobody"/],
    ['a server that is no URL', config({ cluster: { server: '10.0.0.1 6443' } }), {}, 'SUB0206', /no https/],
    ['a server of another scheme', config({ cluster: { server: 'ftp://x' } }), {}, 'SUB0206', /no https/],
    ['a server with a user name', config({ cluster: { server: `https://me:${SECRET}@host` } }), {}, 'SUB0206', /carries a user name/],
    ['plain HTTP with a token', config({ cluster: { server: 'http://10.0.0.1' } }), {}, 'SUB0206', /in the clear/],
    ['a proxy', config({ cluster: { 'proxy-url': 'socks5://x' } }), {}, 'SUB0207', /proxy-url/],
    ['acting as another', config({ user: { as: 'root' } }), {}, 'SUB0207', /acts as "root"/],
    ['a token with a line end', config({ user: { token: `${SECRET}\nmore` } }), {}, 'SUB0208', /token of user "admin"/],
    ['a token that cannot be a header', config({ user: { token: `${SECRET}ü` } }), {}, 'SUB0208', /token of user "admin"/],
    ['a token file that is not there', config({ user: { tokenFile: 'gone' } }), {}, 'SUB0208', /cannot be read from .*gone \(ENOENT\)/],
    [
      'an authority that is no certificate',
      config({ cluster: { 'certificate-authority-data': base64('x') } }),
      {},
      'SUB0208',
      /authority of cluster "west" is damaged/,
    ],
    [
      'an authority that is no base64',
      config({ cluster: { 'certificate-authority-data': '%%%' } }),
      {},
      'SUB0208',
      /authority of cluster "west" is damaged/,
    ],
    [
      'an authority that was cut off',
      config({ cluster: { 'certificate-authority-data': base64('-----BEGIN CERTIFICATE-----\nMIIB') } }),
      {},
      'SUB0208',
      /damaged/,
    ],
    ['an authority file that is not there', config({ cluster: { 'certificate-authority': 'gone.crt' } }), {}, 'SUB0208', /ENOENT/],
    [
      'a damaged client certificate',
      config({ user: { 'client-certificate-data': base64('x'), 'client-key-data': base64('y') } }),
      {},
      'SUB0208',
      /client certificate of user "admin" is damaged/,
    ],
  ])('says what is wrong with %s', async (_name, content, choice, id, message) => {
    const fault = await faultOf(accessOf(content, choice))
    expect([fault.id, fault.exitCode]).toEqual([id, 69])
    expect(fault.message).toMatch(message)
    expect(fault.message).not.toContain(SECRET)
    expect(PROBLEMS[fault.id]).toBeDefined()
  })

  it('says that a certificate and its key do not belong together, or one is missing', async () => {
    const user = { 'client-certificate-data': base64(pems.cert) }
    expect((await faultOf(accessOf(config({ user })))).message).toMatch(/certificate without its key/)
    expect((await faultOf(accessOf(config({ user: { ...user, 'client-key-data': base64(pems.otherKey) } })))).message).toMatch(
      /or its key, is damaged/,
    )
  })

  it('says that there is no file, or that it cannot be read', async () => {
    expect(await faultOf(access({ kubeconfig: '/no/such/file' }))).toMatchObject({
      id: 'SUB0201',
      message: 'There is no kubeconfig /no/such/file',
    })
    expect(await faultOf(access({}, { KUBECONFIG: '/no/a:/no/b' }))).toMatchObject({ id: 'SUB0201' })
    expect(await faultOf(access({}, {}))).toMatchObject({ id: 'SUB0201', message: 'There is no kubeconfig' })
    expect(await faultOf(access({ kubeconfig: folder }))).toMatchObject({ id: 'SUB0202', message: expect.stringMatching(/it is a folder/) })
  })

  it.each([
    ['is not there', { command: 'subctl-no-such-program' }, /cannot be run: there is no such program/],
    ['fails', { command: 'sh', args: ['-c', `echo please log in >&2; exit 3 # ${SECRET}`] }, /failed with exit code 3: please log in/],
    ['prints nothing', { command: 'true' }, /printed no credential/],
    ['prints garbage', { command: 'echo', args: [SECRET] }, /printed no credential/],
    ['is not named', {}, /is not named/],
  ])('says that the credential program %s', async (_name, entry, message) => {
    const { credentials } = await accessOf(config({ user: { token: undefined, exec: entry } }))
    const fault = await faultOf(credentials())
    expect(fault).toMatchObject({ id: 'SUB0209', exitCode: 69, message: expect.stringMatching(message) })
    expect(fault.message).not.toContain(SECRET)
  })
})
