import { describe, expect, it } from '@jest/globals'
import { type ApiPlace, brokerPlace, brokerUrl, isLoopback } from '../../src/install/broker-url.ts'
import { parseIp } from '../../src/model/net.ts'

const place = (server: string, addresses: readonly string[] = [], nodes: readonly string[] = []): ApiPlace => ({
  server,
  apiAddresses: addresses.map(parseIp),
  apiPort: 6443,
  nodes: nodes.map((address, i) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `n${i}` },
    status: { addresses: [{ type: 'InternalIP', address }] },
  })),
})

describe('where a broker is reached', () => {
  it('is where the kubeconfig says, if that is no loopback address', () =>
    expect(brokerPlace(place('https://api.example:443', ['10.0.0.1']), undefined)).toEqual({
      url: 'https://api.example:443',
      source: 'the kubeconfig',
    }))

  it.each([
    'https://127.0.0.1:38211',
    'https://localhost:6443',
    'https://[::1]:6443',
    'https://0.0.0.0:6443',
    'https://kubernetes.docker.internal:6443',
  ])('is found by the API server’s own endpoints for %s', (server) => {
    const found = brokerPlace(place(server, ['127.0.0.1', '10.89.0.9', '172.18.0.2'], ['172.18.0.2', '172.18.0.3']), undefined)
    expect(found.url).toBe('https://172.18.0.2:6443')
    expect(found.source).toContain(server)
  })

  it('is asked for where the cluster names none', () =>
    expect(() => brokerPlace(place('https://127.0.0.1:6443', ['127.0.0.1']), undefined)).toThrow(/address of this machine alone/))

  it('is what the user says before all else', () =>
    expect(brokerPlace(place('https://127.0.0.1:6443'), 'broker.example:7443')).toEqual({
      url: 'https://broker.example:7443',
      source: '--broker-url',
    }))

  it.each([
    ['broker.example', 'https://broker.example'],
    ['https://broker.example:6443/k8s/clusters/c-1/', 'https://broker.example:6443/k8s/clusters/c-1'],
    ['https://[fd00::1]:6443', 'https://[fd00::1]:6443'],
  ])('brokerUrl(%j) is %s', (text, url) => expect(brokerUrl(text)).toBe(url))

  it.each([
    'http://broker.example',
    'https://user:secret@broker.example',
    'https://a b',
    'https://x?y=1',
    '',
    'localhost:6443',
    '127.1:6443',
    'https://2130706433',
  ])('brokerUrl(%j) is refused', (text) => expect(() => brokerUrl(text)).toThrow())

  it.each([
    ['127.200.3.4', true],
    ['a.localhost', true],
    ['localhost.example', false],
    ['10.0.0.1', false],
    ['[::ffff:127.0.0.1]', true],
  ])('isLoopback(%j) is %s', (host, is) => expect(isLoopback(host)).toBe(is))
})
