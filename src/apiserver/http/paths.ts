// What is no object: discovery, health, and figures.
import { mayReadPath } from '../access/rights.ts'
import { methodNotAllowed } from '../objects/status.ts'
import type { World } from '../writes/call.ts'
import type { Answer, Ask } from './ask.ts'
import { discover } from './discovery.ts'
import { pathRefusal } from './verbs.ts'
import type { Watches } from './watches.ts'

export interface PathOptions {
  readonly version: string
  readonly watches: Watches
}

const plain = (code: number, text: string): Answer => ({ code, text, type: 'text/plain; charset=utf-8' })

/** Answers a GET of a path. Throws StatusError. */
export async function answerPath(world: World, ask: Ask, { version }: PathOptions): Promise<Answer> {
  const { user, method, path } = ask
  if (!mayReadPath(user, { verb: method === 'GET' ? 'get' : method.toLowerCase(), path }, world.state)) throw pathRefusal(user, ask)
  const health = HEALTH.has(path)
    ? plain(world.state.fault === undefined ? 200 : 500, world.state.fault === undefined ? 'ok' : 'the data cannot be written')
    : undefined
  const document = discover(path, { table: world.table, version })
  if (health === undefined && document === undefined) return plain(404, '404 page not found\n')
  if (method !== 'GET') throw methodNotAllowed()
  return health ?? { code: 200, text: JSON.stringify(document) }
}

const HEALTH = new Set(['/healthz', '/livez', '/readyz'])
