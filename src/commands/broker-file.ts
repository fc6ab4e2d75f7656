import { BROKER_FILE_MODE } from '../broker/info.ts'
import type { Context } from './context.ts'

/** What became of a broker file. */
export interface FileWritten {
  readonly path: string
  readonly action: 'written' | 'unchanged'
  /** Where the older file is now. */
  readonly kept?: string
}

/** Writes a broker file; another one of the name is kept beside it. */
export async function writeBrokerFile(
  { files, clock }: Pick<Context, 'files' | 'clock'>,
  path: string,
  text: string,
): Promise<FileWritten> {
  const old = await files.readIfThere(path)
  if (old === text) return { path, action: 'unchanged' }
  const time = new Date(clock.now()).toISOString().replace(/\.\d+/, '').replaceAll(':', '_')
  if (old !== undefined) await files.rename(path, `${path}.${time}`)
  await files.write(path, text, BROKER_FILE_MODE)
  return { path, action: 'written', ...(old !== undefined && { kept: `${path}.${time}` }) }
}

/** For the user. */
export const fileLines = ({ path, action, kept }: FileWritten): readonly string[] => [
  action === 'unchanged' ? `${path} is unchanged.` : `${path} is written. It holds the keys of the clusterset: treat it like a password.`,
  ...(kept === undefined ? [] : [`The file that was there is kept as ${kept}.`]),
]
