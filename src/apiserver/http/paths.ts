// What is no object: discovery, health, and figures.
import { METRICS_TYPE } from '../../system/metrics.ts'
import { mayReadPath } from '../access/rights.ts'
import { methodNotAllowed } from '../objects/status.ts'
import type { World } from '../writes/call.ts'
import type { Answer, Ask } from './ask.ts'
import { discover } from './discovery.ts'
import type { Figures } from './figures.ts'
import { pathRefusal } from './verbs.ts'
import type { Watches } from './watches.ts'

export interface PathOptions {
  readonly version: string
  readonly watches: Watches
  readonly figures: Figures
}

const plain = (code: number, text: string): Answer => ({ code, text, type: 'text/plain; charset=utf-8' })

/** Answers a GET of a path. Throws StatusError. */
export function answerPath(world: World, ask: Ask, options: PathOptions): Answer {
  const { user, method, path } = ask
  if (!mayReadPath(user, { verb: VERBS[method] ?? method.toLowerCase(), path }, world.state)) throw pathRefusal(user, ask)
  const answer = documentAt(world, path, options)
  if (answer === undefined) return plain(404, '404 page not found\n')
  if (method !== 'GET') throw methodNotAllowed()
  return answer
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update' }

function documentAt(world: World, path: string, { version, watches, figures }: PathOptions): Answer | undefined {
  // A server whose disk fails is alive: starting it again mends nothing.
  if (path === '/livez') return plain(200, 'ok')
  if (path === '/healthz' || path === '/readyz')
    return world.state.fault === undefined ? plain(200, 'ok') : plain(500, 'the data cannot be written')
  if (path === '/metrics') return { code: 200, text: figures.text(world, watches), type: METRICS_TYPE }
  const document = discover(path, { table: world.table, version })
  return document && { code: 200, text: JSON.stringify(document) }
}
