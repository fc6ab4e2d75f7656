import { createConnection } from 'node:net'

/** A connection to a socket in the file system. */
export interface LocalSocket {
  write(bytes: Uint8Array): void
  /** Ends it; onEnd is then called without an error. */
  close(): void
}
export interface LocalSocketEvents {
  onData(bytes: Buffer): void
  /** Called once, whichever side ended it. */
  onEnd(error?: Error): void
}
export type OpenLocalSocket = (path: string, events: LocalSocketEvents, timeoutMs: number) => Promise<LocalSocket>

/** Connects; rejects with node's error (ENOENT, ECONNREFUSED, ...) or after the time. */
export const openLocalSocket: OpenLocalSocket = (path, events, timeoutMs) =>
  new Promise((resolve, reject) => {
    const socket = createConnection(path)
    const timer = setTimeout(() => socket.destroy(new Error(`${path} took no connection within ${timeoutMs} ms`)), timeoutMs)
    const state: { open: boolean; error?: Error } = { open: false }
    socket.on('connect', () => {
      clearTimeout(timer)
      state.open = true
      resolve({ write: (bytes) => socket.write(bytes), close: () => socket.destroy() })
    })
    socket.on('data', (bytes) => events.onData(bytes))
    socket.on('error', (error) => {
      state.error = error
    })
    socket.on('close', () => {
      clearTimeout(timer)
      if (state.open) events.onEnd(state.error)
      else reject(state.error ?? new Error(`${path} closed the connection at once`))
    })
  })
