import { describe, expect, it } from '@jest/globals'
import { type BrokerInfo, readBrokerInfo, writeBrokerInfo } from '../../src/broker/info.ts'
import { UserError } from '../../src/model/errors.ts'

const psk = Buffer.from('p'.repeat(48)).toString('base64')
const INFO: BrokerInfo = {
  brokerUrl: 'https://10.0.0.1:6443',
  namespace: 'submariner-k8s-broker',
  token: 'eyJhbGciOi.J9.sig~ß'.replace('ß', '-'),
  ca: '-----BEGIN CERTIFICATE-----\nMIIB+/==\n-----END CERTIFICATE-----\n',
  psk,
  components: ['connectivity'],
  customDomains: [],
}
const b64 = (text: string): string => Buffer.from(text).toString('base64')
const upstream = (change: Record<string, unknown> = {}): Record<string, unknown> => ({
  brokerURL: 'https://broker.example:6443',
  ClientToken: {
    metadata: { name: 'submariner-k8s-broker-admin-token-x2', creationTimestamp: null },
    data: { token: b64('abcdefgh.token'), 'ca.crt': b64(INFO.ca), namespace: b64('submariner-k8s-broker') },
    type: 'kubernetes.io/service-account-token',
  },
  IPSecPSK: { metadata: { name: 'submariner-ipsec-psk', creationTimestamp: null }, data: { psk } },
  ServiceDiscovery: true,
  Components: ['connectivity', 'service-discovery'],
  CustomDomains: null,
  ...change,
})
const file = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const refusal = (text: string): UserError => {
  try {
    readBrokerInfo(text)
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
  throw new Error('the file was read')
}

describe('broker-info.subm', () => {
  it('is read back as it was written', () => {
    expect(readBrokerInfo(writeBrokerInfo(INFO))).toEqual(INFO)
  })

  it('has upstream’s keys, whole Secrets, and the URL-safe alphabet with padding', () => {
    const text = writeBrokerInfo({ ...INFO, token: 'ÿþýüûú>>>???'.replace(/[^ -~]/g, '~') }).trim()
    expect(text).toMatch(/^[A-Za-z0-9_-]+={0,2}$/)
    expect(text.length % 4).toBe(0)
    const json = JSON.parse(Buffer.from(text, 'base64url').toString())
    expect(Object.keys(json)).toEqual(['brokerURL', 'ClientToken', 'IPSecPSK', 'ServiceDiscovery', 'Components', 'CustomDomains'])
    expect(json.ClientToken).toMatchObject({ kind: 'Secret', type: 'kubernetes.io/service-account-token' })
    expect(json.IPSecPSK).toMatchObject({ metadata: { name: 'submariner-ipsec-psk' }, data: { psk } })
  })

  it('is read as upstream writes it, in any case of keys, either alphabet, without padding and with line ends', () => {
    const expected = {
      brokerUrl: 'https://broker.example:6443',
      token: 'abcdefgh.token',
      components: ['connectivity', 'service-discovery'],
    }
    expect(readBrokerInfo(`${file(upstream())}\r\n`)).toMatchObject(expected)
    expect(readBrokerInfo(b64(JSON.stringify(upstream())))).toMatchObject(expected)
    const lower = Object.fromEntries(Object.entries(upstream()).map(([key, value]) => [key.toLowerCase(), value]))
    expect(readBrokerInfo(file(lower))).toMatchObject(expected)
    expect(readBrokerInfo(file(upstream({ Components: undefined, brokerURL: 'h:6443/' })))).toMatchObject({
      ...expected,
      brokerUrl: 'https://h:6443',
    })
  })

  it.each([
    ['', 'SUB0301'],
    ['apiVersion: v1', 'SUB0301'],
    [b64('{"half":'), 'SUB0301'],
    [file([]), 'SUB0302'],
    [file(null), 'SUB0302'],
    [file({}), 'SUB0302'],
    [file(upstream({ brokerURL: 'http://plain:80' })), 'SUB0302'],
    [file(upstream({ brokerURL: 'https://user:pw@h' })), 'SUB0302'],
    [file(upstream({ brokerURL: 'file:///etc/passwd' })), 'SUB0302'],
    [file(upstream({ ClientToken: null })), 'SUB0302'],
    [file(upstream({ ClientToken: { data: { token: b64('a b\nc: d'), 'ca.crt': '', namespace: '' } } })), 'SUB0302'],
    [file(upstream({ ClientToken: { data: { token: b64('abcdefgh'), 'ca.crt': b64('#!/bin/sh'), namespace: '' } } })), 'SUB0302'],
    [file(upstream({ ClientToken: { data: { token: b64('abcdefgh'), 'ca.crt': '', namespace: b64('../x') } } })), 'SUB0302'],
    [file(upstream({ IPSecPSK: { data: { psk: b64('short') } } })), 'SUB0302'],
    [file(upstream({ Components: ['$(reboot)'] })), 'SUB0302'],
    [file({ ['__proto__']: { brokerurl: 'x' } }), 'SUB0302'],
  ])('is refused where it is none or damaged (%#)', (text, id) => {
    expect(refusal(text).id).toBe(id)
  })

  it('names the damaged field, and never the value of one', () => {
    const token = 'secret secret secret'
    const error = refusal(file(upstream({ ClientToken: { data: { token: b64(token), 'ca.crt': '', namespace: '' } } })))
    expect(error.message).toContain('ClientToken.data.token')
    expect(error.message).not.toContain('secret secret')
  })
})
