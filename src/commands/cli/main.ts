import { ApiError } from '../../k8s/api.ts'
import { explain } from '../../k8s/explain.ts'
import { codeOf, EXIT, type ExitCode, messageOf, UserError } from '../../model/errors.ts'
import type { Context } from '../context.ts'
import { usage } from './given.ts'
import { commandHelp, overview } from './help-text.ts'
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
  try {
    return (await start(parse(argv, COMMANDS, context.env), { ...context, kube }, runs)) ?? EXIT.done
  } catch (error) {
    return report(error instanceof ApiError ? explain(error, [...servers].join(' or ')) : (fileFault(error) ?? error), context)
  }
}

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

/** The exit code of an error, which is printed: what the user can mend by its id and hint, all else as a fault of ours with its stack. */
function report(error: unknown, { stderr, signal, version }: Context): ExitCode {
  // A request that the signal cut off looks like a server that cannot be reached.
  if (isUserError(error) && !(signal.aborted && error.exitCode === EXIT.unreachable)) {
    stderr.write(`error ${error.id}: ${error.message}\n${error.hint === undefined ? '' : `${error.hint}\n`}`)
    return error.exitCode
  }
  if (signal.aborted) {
    stderr.write('interrupted\n')
    return EXIT.interrupted
  }
  const stack = error instanceof Error && error.stack !== undefined ? error.stack : messageOf(error)
  stderr.write(`a fault of subctl ${version}: ${stack}\n`)
  return EXIT.failed
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
  return report(new UserError('SUB0103', `the output could not be written: ${fault.message}`), context)
}

// By its name: the part that reads kubeconfigs has a class of its own.
const isUserError = (error: unknown): error is UserError => error instanceof Error && error.name === 'UserError' && 'exitCode' in error
