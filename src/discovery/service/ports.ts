import type { Port, Share } from './share.ts'

/** Ports of all, by name, then by protocol and number: of two that clash the older export's stays. */
export function unionOfPorts(shares: readonly Pick<Share, 'ports'>[]): readonly Port[] {
  const union: Port[] = []
  for (const port of shares.flatMap(({ ports }) => ports))
    if (!union.some((other) => other.name === port.name || isSameNumber(other, port))) union.push(port)
  return union
}

export const isSameNumber = (a: Pick<Port, 'protocol' | 'port'>, b: Pick<Port, 'protocol' | 'port'>): boolean =>
  a.protocol === b.protocol && a.port === b.port
