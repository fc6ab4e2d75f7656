import { BROKER_FILE_MODE } from '../broker/info.ts'
import { codeOf, messageOf, UserError } from '../model/errors.ts'
import type { Context } from './context.ts'

/** Throws a UserError that says why the file cannot be read. */
export async function readBrokerFile({ files }: Pick<Context, 'files'>, path: string): Promise<string> {
  try {
    return await files.read(path)
  } catch (error) {
    const code = codeOf(error)
    throw new UserError('SUB0305', `The broker file ${path} cannot be read: ${(code && READ_FAULTS[code]) ?? code ?? messageOf(error)}`)
  }
}
const READ_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'you have no right to',
}

/** What became of a broker file. */
export interface FileWritten {
  readonly path: string
  readonly action: 'written' | 'unchanged'
  /** Where the older file is now. */
  readonly kept?: string
}

/** Throws where a broker file could not be written, ahead of everything that would have been done for it. */
export async function checkPlace({ files }: Pick<Context, 'files'>, path: string): Promise<void> {
  const fault = await files.writeFault(path)
  if (fault === undefined) return
  throw new UserError('SUB0103', `${path} cannot be written: ${fault}. Nothing was changed`, {
    hint: 'Name a file in a folder that is there and may be written to: --file FILE.',
  })
}

/** Writes a broker file for its owner alone; another one of the name is kept beside it. Where it cannot be written, that one stays. */
export async function writeBrokerFile(
  { files, clock }: Pick<Context, 'files' | 'clock'>,
  path: string,
  text: string,
): Promise<FileWritten> {
  const old = await files.readIfThere(path)
  if (old === text) {
    if (!(await files.isPrivate(path))) await files.write(path, text, BROKER_FILE_MODE)
    return { path, action: 'unchanged' }
  }
  if (old === undefined) {
    await files.write(path, text, BROKER_FILE_MODE)
    return { path, action: 'written' }
  }
  const kept = `${path}.${new Date(clock.now()).toISOString().replace(/\.\d+/, '').replaceAll(':', '_')}`
  await files.rename(path, kept)
  try {
    await files.write(path, text, BROKER_FILE_MODE)
  } catch (error) {
    await files.rename(kept, path)
    throw error
  }
  return { path, action: 'written', kept }
}

/** For the user. */
export const fileLines = ({ path, action, kept }: FileWritten): readonly string[] => [
  action === 'unchanged' ? `${path} is unchanged.` : `${path} is written. It holds the keys of the clusterset: treat it like a password.`,
  ...(kept === undefined ? [] : [`The file that was there is kept as ${kept}.`]),
]
