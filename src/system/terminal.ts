import { createInterface } from 'node:readline'
import { EXIT, UserError } from '../model/errors.ts'

/** A stream that text goes to. */
export interface TextStream {
  write(text: string): unknown
  readonly isTty: boolean
  readonly columns: number
  /** Settles when all that was written is out, or never will be. The error, unless the reader simply left, is why. */
  flushed(): Promise<Error | undefined>
}

/** Whether the locale of the environment writes UTF-8. */
export const isUtf8 = ({ LC_ALL, LC_CTYPE, LANG }: Readonly<Record<string, string | undefined>>): boolean =>
  /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '')

const IN_ASCII: Readonly<Record<string, string>> = { '’': "'", '‘': "'", '“': '"', '”': '"', '…': '...', '→': '->' }
const asAscii = (text: string): string => text.replaceAll(/[’‘“”…→]/g, (mark) => IN_ASCII[mark] ?? mark)

/**
 * Process streams raise errors as events; one without a listener ends the process. A reader that went away (`| head`) is no error. A terminal without
 * UTF-8 gets plain quotes.
 */
export function openTextStream(stream: NodeJS.WriteStream, env: Readonly<Record<string, string | undefined>> = {}): TextStream {
  const written = stream.isTTY === true && !isUtf8(env) ? asAscii : (text: string): string => text
  const state: { broken: boolean; fault: Error | undefined } = { broken: false, fault: undefined }
  stream.on('error', (error: NodeJS.ErrnoException) => {
    state.broken = true
    if (error.code !== 'EPIPE') state.fault ??= error
  })
  return {
    write: (text) => state.broken || stream.write(written(text)),
    isTty: stream.isTTY === true,
    columns: stream.columns ?? 80,
    flushed: async () => {
      if (!state.broken) await new Promise((settle) => stream.write('', settle))
      // The callback of a failed write comes before its event.
      await new Promise((settle) => setImmediate(settle))
      return state.fault
    },
  }
}

/** A question to the terminal's user, and the flag that would have answered it. */
export type Ask = (question: string, flag: string) => Promise<string>

export interface Terminal {
  /** Opened where there is a terminal to write to. */
  readonly stdin: () => NodeJS.ReadStream
  readonly stderr: NodeJS.WriteStream
  /** Ends a question. */
  readonly signal: AbortSignal
  /** What Ctrl-C does: at a prompt the terminal makes no signal of it. */
  interrupt(): void
}

/** Asks for a line; undefined where no person is at both ends. Throws UserError at the end of input (Ctrl-D). */
export function openAsk({ stdin: open, stderr, signal, interrupt }: Terminal): Ask | undefined {
  const stdin = stderr.isTTY ? open() : undefined
  if (stdin?.isTTY !== true) return undefined
  return (question, flag) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const terminal = createInterface({ input: stdin, output: stderr })
    const onAbort = (): void => reject(new Error('interrupted at a question'))
    terminal.on('SIGINT', interrupt)
    terminal.on('close', () => reject(noAnswer(flag)))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    else terminal.question(question, resolve)
    // Where no line came, the cursor is behind the question still.
    promise.catch(() => stderr.write('\n'))
    return promise.finally(() => {
      signal.removeEventListener('abort', onAbort)
      terminal.close()
    })
  }
}

const noAnswer = (flag: string): UserError =>
  new UserError('SUB0102', 'The question has no answer: the input ended. Nothing was changed', {
    exitCode: EXIT.usage,
    hint: `Where nobody answers: ${flag}.`,
  })

/** Aborted by the first SIGTERM, SIGINT or SIGHUP (the terminal is gone); `again` is called for each one after that. */
export function endSignal(again: () => void): AbortSignal {
  const end = new AbortController()
  const onSignal = (name: string): void => {
    if (end.signal.aborted) again()
    else end.abort(new Error(`ended by ${name}`))
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  // Node has undone by now what nohup asks for: it would end the process without a word.
  process.on('SIGHUP', onSignal)
  return end.signal
}
