// One watch on its way to its client: written to as fast as that reads, and no faster.
import type { FastifyReply } from 'fastify'
import { messageOf } from '../../model/errors.ts'
import type { Limits } from '../limits.ts'
import { StatusError } from '../objects/status.ts'
import { type Cursor, errorLine } from '../reads/watch.ts'

export interface Stream {
  readonly raw: FastifyReply['raw']
  readonly cursor: Cursor
  readonly user: string
  readonly bookmarks: boolean
  readonly mayGoOn: () => boolean
  readonly endsAt: number
  /** When its client ceased to take what is sent; undefined while it does. */
  stalledSince: number | undefined
  /** When the next bookmark is due. */
  lookAt: number
  isOver: boolean
}

export interface Beginning {
  /** Lines to begin with. */
  readonly first: readonly string[]
  readonly onClose: () => void
  readonly now: () => number
}

export function begin(stream: Stream, { first, onClose, now }: Beginning): void {
  const { raw } = stream
  raw.on('close', onClose)
  raw.on('error', onClose)
  raw.on('drain', () => {
    stream.stalledSince = undefined
    pump(stream, now())
  })
  raw.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' })
  raw.flushHeaders()
  if (first.length > 0) send(stream, first.join(''), now())
  pump(stream, now())
}

/** Sends what the stream has not seen, until its client takes no more for now. */
export function pump(stream: Stream, now: number): void {
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

/** What time asks for: an end, or a bookmark. Says `dropped` where the client has taken nothing for too long. */
export function tick(stream: Stream, now: number, limits: Limits): 'dropped' | undefined {
  if (stream.stalledSince !== undefined) {
    if (now - stream.stalledSince <= limits.stalledMs) return undefined
    stream.raw.destroy()
    return 'dropped'
  }
  if (now >= stream.endsAt) finish(stream)
  else if (now >= stream.lookAt) {
    stream.lookAt = now + limits.bookmarkMs
    if (!stream.mayGoOn()) finish(stream)
    else if (stream.bookmarks) send(stream, stream.cursor.bookmark(), now)
  }
  return undefined
}

/** Ends it in order, with a last bookmark. */
export function finish(stream: Stream): void {
  if (stream.isOver) return
  stream.isOver = true
  stream.raw.end(stream.bookmarks && stream.stalledSince === undefined ? stream.cursor.bookmark() : '')
}

function send(stream: Stream, text: string, now: number): void {
  if (!stream.raw.write(text)) stream.stalledSince ??= now
}
