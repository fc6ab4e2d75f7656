import { type BaseLogger, pino } from 'pino'

export type Fields = Readonly<Record<string, string | number | boolean | undefined>>

/** Structured log of an agent: one JSON object a line. No secret is ever a field. */
export interface Log {
  debug(message: string, fields?: Fields): void
  info(message: string, fields?: Fields): void
  warn(message: string, fields?: Fields): void
  /** The error's message and stack stand in the line; a UserError has no stack worth printing. */
  error(message: string, error: unknown, fields?: Fields): void
  with(fields: Fields): Log
}

/** A log that writes its lines to the stream. */
export function openLog(stream: { write(text: string): unknown }, level: 'debug' | 'info' | 'warn' = 'info'): Log {
  const logger = pino(
    { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"`, formatters: { level: (label) => ({ level: label }) } },
    stream,
  )
  return wrap(logger)
}

interface Parent extends BaseLogger {
  child(fields: object): Parent
}

function wrap(logger: Parent): Log {
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, error, fields = {}) =>
      logger.error(
        error instanceof Error
          ? { ...fields, error: error.message, ...(error.name === 'UserError' ? {} : { stack: error.stack }) }
          : { ...fields, error: String(error) },
        message,
      ),
    with: (fields) => wrap(logger.child(fields)),
  }
}

/** A log that keeps nothing. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => silentLog }
