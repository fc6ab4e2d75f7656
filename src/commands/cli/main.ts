import { ApiError } from '../../k8s/api.ts'
import { explain } from '../../k8s/explain.ts'
import { codeOf, EXIT, type ExitCode, messageOf, UserError } from '../../model/errors.ts'
import { PROBLEMS } from '../../model/problems.ts'
import type { Context } from '../context.ts'
import { type Failure, type Format, failureText, formatIn, formatOf, held } from './failure.ts'
import { usage } from './given.ts'
import { commandHelp, overview } from './help-text.ts'
import { placeFlags, pointed } from './hint.ts'
import { brokenOff, howFar, type Journal, openJournal } from './journal.ts'
import { type Parsed, parse } from './parse.ts'
import type { Runs } from './run.ts'
import { COMMANDS } from './table.ts'

/** Runs one command line with the runs of this part. Every error ends here, as text on stderr and an exit code. */
export async function main(argv: readonly string[], context: Context, runs: Runs): Promise<ExitCode> {
  const servers = new Set<string>()
  const kube: Context['kube'] = async (options) => {
    const api = await context.kube(options)
    servers.add(api.server)
    return api
  }
  const journal = openJournal()
  const stdout = held(context.stdout)
  let format = formatIn(argv)
  let place = ''
  let command: string | undefined
  try {
    const parsed = parse(argv, COMMANDS, context.env)
    format = formatGiven(parsed)
    command = parsed.spec?.name
    place = parsed.what === 'run' ? placeFlags(parsed.spec, parsed.given, context.env) : ''
    const world = { ...context, kube, journal, ...(format !== undefined && { stdout }) }
    const code = (await start(parsed, world, runs)) ?? EXIT.done
    if (format !== undefined) context.stdout.write(stdout.text())
    return code
  } catch (error) {
    const known = error instanceof ApiError ? explain(error, [...servers].join(' or ')) : (fileFault(error) ?? error)
    const failure = withPlace(failureOf(known, context, journal, command), place)
    if (format !== undefined) context.stdout.write(failureText(format, stdout.text(), failure, journal))
    context.stderr.write(textOf(failure, known, context))
    return failure.exitCode
  }
}

const formatGiven = (parsed: Parsed): Format | undefined =>
  parsed.what === 'run' && parsed.spec.flags.some(({ name }) => name === 'output') ? formatOf(parsed.given.text('output')) : undefined

async function start(parsed: Parsed, context: Context, runs: Runs): Promise<ExitCode | undefined> {
  if (parsed.what === 'help') {
    context.stdout.write(parsed.spec === undefined ? overview(context.version) : commandHelp(parsed.spec))
    return undefined
  }
  const { spec, given } = parsed
  const run = runs[spec.name]
  if (run === undefined) throw usage(`the flags of ${spec.name} stand behind it: \`subctl ${spec.name} ...\``)
  return run(context, given)
}

const withPlace = (failure: Failure, place: string): Failure =>
  failure.hint === undefined ? failure : { ...failure, hint: pointed(failure.hint, place) }

/** What went wrong: what the user can mend with its id and the next thing to do, an interruption with what was begun, all else as a fault of ours. */
function failureOf(error: unknown, { signal, version }: Context, journal: Journal, command?: string): Failure {
  // A request that the signal cut off looks like a server that cannot be reached.
  if (isUserError(error) && !(signal.aborted && error.exitCode === EXIT.unreachable)) {
    const { id, message, exitCode } = error
    const hint = [error.hint ?? (id === 'SUB0101' ? helpOf(error, command) : PROBLEMS[id]?.next) ?? '', stoppedAt(exitCode, journal)]
      .filter((line) => line !== '')
      .join('\n')
    return { id, message, exitCode, ...(hint !== '' && { hint }) }
  }
  if (signal.aborted) {
    const hint = brokenOff(journal)
    return { message: 'interrupted', exitCode: EXIT.interrupted, ...(hint !== '' && { hint }) }
  }
  return { message: `a fault of subctl ${version}: ${messageOf(error)}`, exitCode: EXIT.failed }
}

/** Where a mistake on the command line can be read about. */
const helpOf = ({ flag }: UserError, command: string | undefined): string =>
  `See ${flag === undefined ? '' : `--${flag} in `}\`subctl help${command === undefined ? '' : ` ${command}`}\`.`

/** How far a command had come that lost its API, or left something undone; what ran out of time says already that it can be run again. */
function stoppedAt(exitCode: ExitCode, journal: Journal): string {
  if (journal.notDone.length === 0 && exitCode !== EXIT.unreachable) return ''
  return exitCode === EXIT.timedOut ? howFar(journal) : brokenOff(journal)
}

/** The same for people: a fault of ours with its stack. */
function textOf({ id, message, hint, exitCode }: Failure, error: unknown, { version }: Context): string {
  if (id === undefined && exitCode !== EXIT.interrupted) {
    const stack = error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error)
    return `a fault of subctl ${version}: ${stack}\n`
  }
  return `${id === undefined ? '' : `error ${id}: `}${message}\n${hint === undefined ? '' : `${hint}\n`}`
}

// What a folder, its rights or its disk are to blame for. A file that is not there may be a fault of ours.
const FILE_CODES = ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG', 'ELOOP']
const FILE_CALLS = /^(open|read|write|fsync|mkdir|rename|f?l?stat|f?chmod|scandir|unlink|rmdir|rm)$/

function fileFault(error: unknown): UserError | undefined {
  const code = codeOf(error)
  const call: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'syscall') : undefined
  // Sockets and programs have such codes too.
  const isOfFile = typeof call === 'string' && FILE_CALLS.test(call)
  const isTold = code !== undefined && (FILE_CODES.includes(code) || (code === 'ENOENT' && call === 'mkdir'))
  return isOfFile && isTold ? new UserError('SUB0103', messageOf(error), { cause: error }) : undefined
}

/** Output that could not be written, such as to a full disk. */
export function outputFault(fault: Error, context: Context): ExitCode {
  const error = new UserError('SUB0103', `the output could not be written: ${fault.message}`)
  const failure = failureOf(error, context, openJournal())
  context.stderr.write(textOf(failure, error, context))
  return failure.exitCode
}

// By its name: the part that reads kubeconfigs has a class of its own.
const isUserError = (error: unknown): error is UserError => error instanceof Error && error.name === 'UserError' && 'exitCode' in error
