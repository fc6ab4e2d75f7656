// What a container's output says is wrong with it.
import { isRecord, parseJson } from './answers.ts'

const MOST = 300
export const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > MOST ? `${line.slice(0, MOST - 3)}...` : line
}

const linesOf = (log: string | undefined): readonly string[] => (log ?? '').split('\n').filter((line) => line.trim() !== '')
/** An error of a command, which its hint follows, or what an agent logs as a warning or worse. */
const isFault = (line: string): boolean => /^(error SUB\d+|a fault of subctl|\{"level":"(warn|error|fatal)")/.test(line)
export const hasFault = (log: string | undefined): boolean => linesOf(log).some(isFault)

/** So many lines of a log have the fault that a container ended with among them. */
export const WORDS_LINES = 20

/** The line of a log that says what is wrong: the last that tells of a fault, else the last one. */
export function lastWords(log: string | undefined): string | undefined {
  const lines = linesOf(log)
  const line = lines.findLast(isFault) ?? lines.at(-1)
  return line === undefined ? undefined : oneLine(plain(line))
}

/** Agents log a JSON object a line. */
function plain(line: string): string {
  const entry = parseJson(line)
  const text = (value: unknown, key: string): string | undefined => {
    const found = isRecord(value) ? value[key] : undefined
    return typeof found === 'string' ? found : undefined
  }
  const error = text(entry, 'error') ?? text(isRecord(entry) ? entry.err : undefined, 'message')
  return `${text(entry, 'msg') ?? line}${error === undefined ? '' : `: ${error}`}`
}
