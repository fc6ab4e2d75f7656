// Watches that are under way. Each is written to as fast as its client reads; one that does not read is dropped.
import type { FastifyReply } from 'fastify'
import { MASTERS, type User } from '../access/user.ts'
import type { Limits } from '../limits.ts'
import { tooManyRequests } from '../objects/status.ts'
import { type Cursor, openCursor, type WatchAsk } from '../reads/watch.ts'
import type { State } from '../storage/state.ts'
import { begin, finish, pump, type Stream, tick } from './stream.ts'

export interface Watches {
  /** Streams the watch into the reply until it ends. Throws StatusError before anything is sent. */
  start(reply: FastifyReply, request: WatchRequest): void
  readonly size: number
  /** How many were dropped for not reading. */
  readonly dropped: number
  /** Ends all, in order. */
  end(): void
}
export interface WatchRequest {
  readonly watch: WatchAsk
  readonly user: User
  /** 0: as the server likes. */
  readonly timeoutMs: number
  readonly bookmarks: boolean
  /** Asked now and then: rights and credentials end. */
  readonly mayGoOn: () => boolean
}
export interface WatchOptions {
  readonly state: State
  readonly limits: Limits
  readonly now: () => number
}

const TICK_MS = 1000

export function openWatches({ state, limits, now }: WatchOptions): Watches {
  const streams = openStreams()
  let dropped = 0
  const unsubscribe = state.subscribe(() => {
    for (const stream of streams.all) pump(stream, now())
  })
  const timer = setInterval(() => {
    for (const stream of streams.all) if (tick(stream, now(), limits) === 'dropped') dropped += 1
  }, TICK_MS)
  return {
    get size() {
      return streams.all.size
    },
    get dropped() {
      return dropped
    },
    start(reply, request) {
      const { user, watch } = request
      const isOneTooMany = streams.of(user.name) >= limits.mostWatchesOfUser && !user.groups.includes(MASTERS)
      if (streams.all.size >= limits.mostWatches || isOneTooMany) throw tooManyRequests('too many watches, please try again later')
      const { first, cursor } = openCursor(state, watch)
      const stream = streamOf(reply.hijack().raw, cursor, { request, now: now(), limits })
      streams.add(stream)
      begin(stream, { first, onClose: () => streams.forget(stream), now })
    },
    end() {
      clearInterval(timer)
      unsubscribe()
      for (const stream of [...streams.all]) finish(stream)
    },
  }
}

interface Opening {
  readonly request: WatchRequest
  readonly now: number
  readonly limits: Limits
}
const streamOf = (raw: Stream['raw'], cursor: Cursor, { request, now, limits }: Opening): Stream => ({
  raw,
  cursor,
  user: request.user.name,
  bookmarks: request.bookmarks,
  mayGoOn: request.mayGoOn,
  endsAt: now + Math.min(request.timeoutMs > 0 ? request.timeoutMs : Number.POSITIVE_INFINITY, limits.watchMs * (1 + Math.random())),
  stalledSince: undefined,
  lookAt: now + limits.bookmarkMs,
  isOver: false,
})

interface Streams {
  readonly all: ReadonlySet<Stream>
  /** How many a user has. */
  of(user: string): number
  add(stream: Stream): void
  forget(stream: Stream): void
}
function openStreams(): Streams {
  const all = new Set<Stream>()
  const perUser = new Map<string, number>()
  const count = (user: string, by: number): void => {
    const left = (perUser.get(user) ?? 0) + by
    if (left > 0) perUser.set(user, left)
    else perUser.delete(user)
  }
  return {
    all,
    of: (user) => perUser.get(user) ?? 0,
    add(stream) {
      all.add(stream)
      count(stream.user, 1)
    },
    forget(stream) {
      if (!all.delete(stream)) return
      stream.isOver = true
      count(stream.user, -1)
    },
  }
}
