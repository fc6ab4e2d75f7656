// Watches that are under way. Each is written to as fast as its client reads; one that does not read is dropped.
import type { FastifyReply } from 'fastify'
import { messageOf } from '../../model/errors.ts'
import type { User } from '../access/user.ts'
import { MASTERS } from '../access/user.ts'
import type { Limits } from '../limits.ts'
import { StatusError, tooManyRequests } from '../objects/status.ts'
import { type Cursor, errorLine, openCursor, type WatchAsk } from '../reads/watch.ts'
import type { State } from '../storage/state.ts'

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
}
export interface WatchOptions {
  readonly state: State
  readonly limits: Limits
  readonly now: () => number
}

type Raw = FastifyReply['raw']
interface Stream {
  readonly raw: Raw
  readonly cursor: Cursor
  readonly user: string
  readonly bookmarks: boolean
  readonly endsAt: number
  /** When its client ceased to take what is sent; undefined while it does. */
  stalledSince: number | undefined
  bookmarkAt: number
  isOver: boolean
}

const TICK_MS = 1000

export function openWatches({ state, limits, now }: WatchOptions): Watches {
  const streams = new Set<Stream>()
  const perUser = new Map<string, number>()
  let dropped = 0
  const forget = (stream: Stream): void => {
    if (!streams.delete(stream)) return
    stream.isOver = true
    perUser.set(stream.user, (perUser.get(stream.user) ?? 1) - 1)
    if (perUser.get(stream.user) === 0) perUser.delete(stream.user)
  }
  const unsubscribe = state.subscribe(() => {
    for (const stream of streams) pump(stream, now)
  })
  const tick = (stream: Stream): void => {
    if (stream.stalledSince !== undefined && now() - stream.stalledSince > limits.stalledMs) {
      dropped += 1
      stream.raw.destroy()
    } else if (now() >= stream.endsAt) finish(stream)
    else if (stream.bookmarks && stream.stalledSince === undefined && now() >= stream.bookmarkAt) {
      stream.bookmarkAt = now() + limits.bookmarkMs
      send(stream, stream.cursor.bookmark(), now)
    }
  }
  const timer = setInterval(() => streams.forEach(tick), TICK_MS)
  return {
    get size() {
      return streams.size
    },
    get dropped() {
      return dropped
    },
    start(reply, { watch, user, timeoutMs, bookmarks }) {
      const mine = perUser.get(user.name) ?? 0
      if (streams.size >= limits.mostWatches || (mine >= limits.mostWatchesOfUser && !user.groups.includes(MASTERS)))
        throw tooManyRequests('too many watches, please try again later')
      const { first, cursor } = openCursor(state, watch)
      const { raw } = reply.hijack()
      const lastsMs = timeoutMs > 0 ? timeoutMs : limits.watchMs * (1 + Math.random())
      const stream: Stream = {
        ...{ raw, cursor, user: user.name, bookmarks },
        endsAt: now() + lastsMs,
        stalledSince: undefined,
        bookmarkAt: now() + limits.bookmarkMs,
        isOver: false,
      }
      streams.add(stream)
      perUser.set(user.name, mine + 1)
      begin(stream, { first, onClose: () => forget(stream), now })
    },
    end() {
      clearInterval(timer)
      unsubscribe()
      for (const stream of [...streams]) finish(stream)
    },
  }
}

interface Beginning {
  readonly first: readonly string[]
  readonly onClose: () => void
  readonly now: () => number
}
function begin(stream: Stream, { first, onClose, now }: Beginning): void {
  const { raw } = stream
  raw.on('close', onClose)
  raw.on('error', onClose)
  raw.on('drain', () => {
    stream.stalledSince = undefined
    pump(stream, now)
  })
  raw.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  raw.flushHeaders()
  if (first.length > 0) send(stream, first.join(''), now)
  pump(stream, now)
}

/** Sends what the stream has not seen, until its client takes no more for now. */
function pump(stream: Stream, now: () => number): void {
  try {
    while (!stream.isOver && stream.stalledSince === undefined) {
      const line = stream.cursor.next()
      if (line === undefined) return
      if (line !== '') send(stream, line, now)
    }
  } catch (error) {
    const status = error instanceof StatusError ? error : new StatusError(500, 'InternalError', messageOf(error))
    stream.isOver = true
    stream.raw.end(errorLine(status))
  }
}

function send(stream: Stream, text: string, now: () => number): void {
  if (!stream.raw.write(text)) stream.stalledSince ??= now()
}

function finish(stream: Stream): void {
  if (stream.isOver) return
  stream.isOver = true
  stream.raw.end(stream.bookmarks && stream.stalledSince === undefined ? stream.cursor.bookmark() : '')
}
