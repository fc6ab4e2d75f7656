import { parseTunnelPort } from '../../model/ports.ts'
import type { Given } from './given.ts'

/** What --natt-port says; throws a usage error where tunnels cannot have that port. */
export function tunnelPort(given: Given): number {
  const port = given.number('natt-port', 1, 65_535)
  return given.parsed('natt-port', parseTunnelPort) ?? port
}
