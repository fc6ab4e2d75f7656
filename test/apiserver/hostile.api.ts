// What nobody's client sends: answered as an API server answers it, and survived.
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openHttp } from '../../src/system/http.ts'
import { endpointOf } from '../fakes/clusters.ts'
import { type Served, serve } from './serve.ts'

let served: Served
beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.stop())

const PATH = '/apis/submariner.io/v1/namespaces/default/endpoints'
interface Sent {
  readonly method?: string
  readonly path?: string
  readonly body?: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}
async function send({ method = 'POST', path = PATH, body, type = 'application/json', headers }: Sent) {
  const answer = await openHttp({ ca: served.ca }).ask({
    url: served.url + path,
    method,
    headers: headers ?? { authorization: `Bearer ${served.server.adminToken}`, ...(body !== undefined && { 'content-type': type }) },
    ...(body !== undefined && { body }),
    timeoutMs: 30_000,
  })
  return { code: answer.status, text: answer.text }
}
const status = async (sent: Sent) => {
  const { code, text } = await send(sent)
  const { kind, reason, code: said } = JSON.parse(text)
  expect({ kind, said }).toEqual({ kind: 'Status', said: code })
  return `${code} ${reason}`
}
const endpoint = (change: Readonly<Record<string, unknown>> = {}) => JSON.stringify({ ...endpointOf('west'), ...change })

describe('bodies', () => {
  it.each([
    ['none', undefined, '400 BadRequest'],
    ['an empty one', '', '400 BadRequest'],
    ['no JSON', '{"a":', '400 BadRequest'],
    ['JSON that is no object', '[1,2]', '400 BadRequest'],
    ['JSON with a byte that is no text', '{"a":"\u0000\uffff"', '400 BadRequest'],
    ['JSON that is nested a million times', '['.repeat(1_000_000) + ']'.repeat(1_000_000), '400 BadRequest'],
    ['objects nested a hundred thousand times', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, '400 BadRequest'],
    ['a prototype', `{"__proto__":{"polluted":true},"apiVersion":"submariner.io/v1","kind":"Endpoint"}`, '400 BadRequest'],
    ['more than may be sent', `"${'x'.repeat(4 * 1024 * 1024)}"`, '413 RequestEntityTooLarge'],
    ['another kind', endpoint({ kind: 'Cluster' }), '400 BadRequest'],
    ['another version', endpoint({ apiVersion: 'submariner.io/v2' }), '400 BadRequest'],
    ['a list in the place of a text', endpoint({ metadata: { name: [] } }), '400 BadRequest'],
    ['a name that leads elsewhere', endpoint({ metadata: { name: '../../secrets/x' } }), '422 Invalid'],
    ['what its schema forbids', endpoint({ spec: 7 }), '422 Invalid'],
    [
      'a huge list of what its schema forbids',
      endpoint({ spec: { ...endpointOf('west').spec, subnets: Array(300_000).fill(1) } }),
      '422 Invalid',
    ],
  ])('%s', async (_, body, expected) => {
    expect(await status({ ...(body !== undefined && { body }) })).toBe(expected)
  })
  it.each([
    ['text/plain', '415 UnsupportedMediaType'],
    ['application/vnd.kubernetes.protobuf', '415 UnsupportedMediaType'],
    ['multipart/form-data', '415 UnsupportedMediaType'],
  ])('of the type %s', async (type, expected) => {
    expect(await status({ body: endpoint(), type })).toBe(expected)
  })
  it.each(['application/yaml', 'application/apply-patch+yaml'])(
    'in YAML (%s) are refused at once, where they are not JSON',
    async (type) => {
      const apply = type.includes('apply')
      const sent = apply ? { method: 'PATCH', path: `${PATH}/x?fieldManager=me`, type } : { type }
      const expected = apply ? '400 BadRequest' : '415 UnsupportedMediaType'
      for (const body of ['a: b', '{'.repeat(1000), 'a: &a [*a]']) expect(await status({ ...sent, body })).toBe(expected)
    },
  )
})

describe('requests', () => {
  it.each<[string, Sent, string]>([
    ['a method that collections lack', { method: 'PUT', body: endpoint() }, '405 MethodNotAllowed'],
    ['a method that objects lack', { method: 'POST', path: `${PATH}/x`, body: endpoint() }, '405 MethodNotAllowed'],
    ['a creation in all namespaces', { path: '/apis/submariner.io/v1/endpoints', body: endpoint() }, '405 MethodNotAllowed'],
    ['a version that is none', { method: 'GET', path: `${PATH}?watch=1&resourceVersion=abc` }, '400 BadRequest'],
    ['a negative version', { method: 'GET', path: `${PATH}?watch=1&resourceVersion=-1` }, '400 BadRequest'],
    ['a version of the future', { method: 'GET', path: `${PATH}?watch=1&resourceVersion=9999999999999` }, '504 Timeout'],
    ['a version beyond all numbers', { method: 'GET', path: `${PATH}?resourceVersion=99999999999999999999999` }, '400 BadRequest'],
    ['a version of the past', { method: 'GET', path: `${PATH}?watch=1&resourceVersion=1` }, '410 Expired'],
    ['a limit that is none', { method: 'GET', path: `${PATH}?limit=-5` }, '400 BadRequest'],
    ['a time-out that is none', { method: 'GET', path: `${PATH}?watch=1&timeoutSeconds=1e9` }, '400 BadRequest'],
    ['a selector that is none', { method: 'GET', path: `${PATH}?labelSelector=${encodeURIComponent('a in (')}` }, '400 BadRequest'],
    ['a field that is none', { method: 'GET', path: `${PATH}?fieldSelector=spec.x%3D1` }, '400 BadRequest'],
    ['a dry run that is none', { path: `${PATH}?dryRun=Some`, body: endpoint() }, '400 BadRequest'],
    ['a path that is not well encoded', { method: 'GET', path: `${PATH}/%zz` }, '400 BadRequest'],
    [
      'no name of a manager to apply',
      { method: 'PATCH', path: `${PATH}/x`, body: endpoint(), type: 'application/apply-patch+yaml' },
      '400 BadRequest',
    ],
    ['deletion by what is no DeleteOptions', { method: 'DELETE', path: `${PATH}/x`, body: '[]' }, '400 BadRequest'],
    ['a token that is none', { method: 'GET', headers: { authorization: 'Bearer x.y.z' } }, '401 Unauthorized'],
    ['a way to prove oneself that is not known', { method: 'GET', headers: { authorization: 'Basic YTpi' } }, '401 Unauthorized'],
    ['nobody', { method: 'GET', headers: {} }, '403 Forbidden'],
    ['nobody, who would write', { body: 'x'.repeat(5_000_000), headers: {} }, '401 Unauthorized'],
    ['nobody, of discovery', { method: 'GET', path: '/apis', headers: {} }, '403 Forbidden'],
  ])('%s', async (_, sent, expected) => {
    expect(await status(sent)).toBe(expected)
  })
  it.each([
    '/',
    '/apis/submariner.io/v2/endpoints',
    '/apis/submariner.io/v1/nothing',
    '/api/v1/namespaces/default/endpoints/x/status',
    '/x/../etc',
    `${PATH}/a/b/c`,
  ])('of the path %s find nothing', async (path) => {
    expect((await send({ method: 'GET', path })).code).toBe(404)
  })
  it('a name of %2F is one name', async () => {
    expect(await status({ method: 'GET', path: `/api/v1/namespaces/default/secrets/a%2F..%2Fb` })).toBe('404 NotFound')
  })
})

describe('connections', () => {
  it('that speak no TLS, break off, or send garbage harm nobody', async () => {
    const { port } = served.server
    await new Promise((resolve) => connect(port, '127.0.0.1').on('close', resolve).on('error', resolve).end('GET / HTTP/1.1\r\n\r\n'))
    const { ca } = served
    for (const text of [
      '\x00\x01\x02',
      'GET / HTTP/9.9\r\n\r\n',
      `POST ${PATH} HTTP/1.1\r\ncontent-length: 100\r\n\r\n{`,
      `GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`,
    ])
      await new Promise((resolve) => {
        const socket = connectTls({ port, host: '127.0.0.1', ca }, () => socket.write(text))
        socket
          .on('close', resolve)
          .on('error', resolve)
          .on('data', () => socket.destroy())
        setTimeout(() => socket.destroy(), 300)
      })
    expect(await served.admin.list('Endpoint')).toMatchObject({ items: [] })
  })
})
