import { describe, expect, it } from '@jest/globals'
import { partsText } from './kubernetes.ts'
import { toResult, type Weighed } from './pod-memory.ts'
import { lostIn, lostText } from './upgrades.ts'

const weighed = (workload: string, name: string, anon: number): Weighed => ({ workload, name, anon, rss: anon * 3, pss: anon * 2 })

it('partsText() has the median of each command', () => {
  const joined = (deploy: number, join: number) =>
    new Map([
      ['deploy-broker', deploy],
      ['join west', join],
    ])
  expect(partsText([joined(1, 9), joined(3, 11), joined(2, 25)])).toBe('deploy-broker 2.0, join west 11.0 s')
})

describe('the memory of a node', () => {
  const look = (engine: number) => [
    weighed('gateway', 'subctl', engine),
    weighed('charon', 'charon-systemd', 2),
    weighed('charon', 'subctl', 16),
    weighed('gateway', 'pause', 0.5),
    weighed('charon', 'pause', 0.5),
  ]

  it('is the sum over all processes of our pods, without pause', () => {
    expect(toResult('gateway-memory', [look(20), look(22), look(21)])).toMatchObject({ unit: 'MB', samples: 3, p50: 39, p99: 40 })
  })

  it('is told by workload, with RSS and PSS and pause beside it', () => {
    expect(toResult('gateway-memory', [look(20), look(22), look(21)]).conditions).toBe(
      'anonymous memory of all processes of our pods: charon 18.0, gateway 21.0; RSS 117.0, PSS 78.0; apart, 2 pause processes 1.0; p99 is the maximum',
    )
  })
})

it('losses are added up over streams, and told with each gap', () => {
  const gap = { first: 7, lost: 2, ms: 41, at: '2026-11-30T10:04:12.345Z' }
  const tallies = [
    { sent: 100, received: 98, lost: 2, gaps: [gap], firstMs: 0 },
    { sent: 100, received: 100, lost: 0, gaps: [], firstMs: 0 },
  ]
  expect(lostIn(tallies)).toBe(2)
  expect(tallies.map(lostText)).toEqual(['2 of 100 lost, 41 ms from 10:04:12.345', '0 of 100 lost'])
})
