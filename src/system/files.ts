import { randomBytes } from 'node:crypto'
import { constants, createReadStream, readFileSync, statSync } from 'node:fs'
import { access, chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { codeOf, messageOf } from '../model/errors.ts'

/** The files that a command may touch. Paths are as the user gave them. Errors are node's, with `code`. */
export interface Files {
  read(path: string): Promise<string>
  /** The text, or undefined where there is no such file. */
  readIfThere(path: string): Promise<string | undefined>
  /** A file of any bytes, as base64 text. */
  readBase64(path: string): Promise<string>
  /** Writes whole or not at all: a neighbour is written, synced and renamed. Mode 0644 unless given. Folders on the way are made. */
  write(path: string, text: string, mode?: number): Promise<void>
  /** Writes in place, as files of /proc/sys want it. */
  overwrite(path: string, text: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** Makes a folder, and those on the way, and makes it its owner's alone. */
  makePrivate(folder: string): Promise<void>
  /** Whether a file is its owner's alone. */
  isPrivate(path: string): Promise<boolean>
  /** Why write() could not put a file there, tried with a neighbour that goes again; undefined where it can. The folder must be there. */
  writeFault(path: string): Promise<string | undefined>
  /** Removes a file or a folder with all that is in it; whether it was there does not matter. */
  remove(path: string): Promise<void>
  /** Names in a folder; none where there is no such folder. */
  list(folder: string): Promise<readonly string[]>
}

export const realFiles: Files = {
  read: (path) => readWhole(path, 'utf8'),
  readIfThere: (path) => readWhole(path, 'utf8').catch(ifMissing(undefined)),
  readBase64: (path) => readWhole(path, 'base64'),
  async write(path, text, mode = 0o644) {
    await makeFolder(dirname(path))
    const neighbour = `${path}.${randomBytes(4).toString('hex')}.tmp`
    try {
      await writeFile(neighbour, text, { mode, flush: true })
      await chmod(neighbour, mode)
      await rename(neighbour, path)
    } catch (error) {
      await rm(neighbour, { force: true }).catch(() => undefined)
      throw codeOf(error) === 'ENOENT' ? noNewFiles(dirname(path), error) : error
    }
  },
  overwrite: (path, text) => writeFile(path, text, { flag: 'r+' }),
  rename: (from, to) => rename(from, to),
  async makePrivate(folder) {
    await makeFolder(folder)
    await chmod(folder, 0o700)
  },
  isPrivate: async (path) => ((await stat(path)).mode & 0o077) === 0,
  writeFault,
  remove: (path) => rm(path, { recursive: true, force: true }),
  list: (folder) => readdir(folder).catch(ifMissing([])),
}

/** The same files, but what is written under /proc/sys goes to the folder: a container sees the former read-only, and gets the latter from its host. */
export const sysctlsIn = (files: Files, folder: string): Files => ({
  ...files,
  overwrite: (path, text) => files.overwrite(path.replace(/^\/proc\/sys(?=\/)/, folder.replace(/\/+$/, '')), text),
})

/** Larger files, and what is no file at all, such as a pipe that somebody has yet to write to, may take their time. */
const AT_ONCE_BYTES = 1e6

/** A small file is read at once: the four turns that another thread would take for it cost ten times as much, ahead of every request that a token goes with. */
async function readWhole(path: string, encoding: 'utf8' | 'base64'): Promise<string> {
  const there = statSync(path)
  if (there.isCharacterDevice()) return readDevice(path, encoding)
  return there.isFile() && there.size < AT_ONCE_BYTES ? readFileSync(path, encoding) : readFile(path, encoding)
}

/** What a device gives until it has no more, such as /dev/null at once; some never end. */
async function readDevice(path: string, encoding: 'utf8' | 'base64'): Promise<string> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of createReadStream(path)) {
    parts.push(Buffer.from(part))
    size += parts.at(-1)?.length ?? 0
    if (size >= AT_ONCE_BYTES) throw new Error(`${path} is a device that does not end`)
  }
  return Buffer.concat(parts).toString(encoding)
}

/** Not by mkdir's own `recursive`: it never ends in /proc, and tells of a read-only disk as of a missing folder. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeFolder(dirname(path))
    await mkdir(path).catch((late: unknown) => {
      if (codeOf(late) !== 'EEXIST') throw late
    })
  }
}

/** The folder is there, and says of a new file in it that it is not: as /proc does. */
const noNewFiles = (folder: string, cause: unknown): Error =>
  Object.assign(new Error(`EPERM: no file can be made in ${folder}`, { cause }), { code: 'EPERM', syscall: 'open' })

async function writeFault(path: string): Promise<string | undefined> {
  const folder = dirname(path)
  try {
    const around = await stat(folder).catch(ifMissing(undefined))
    if (around === undefined) return 'its folder is not there'
    if (!around.isDirectory()) return `${folder} is no folder`
    const there = await stat(path).catch(ifMissing(undefined))
    if (there?.isDirectory() === true) return 'it is a folder'
    if (there?.isFile() === false) return 'it is there, and no file'
    await access(folder, constants.W_OK | constants.X_OK)
    // Rights do not tell of folders that take no files from anybody.
    const trial = `${path}.${randomBytes(4).toString('hex')}.tmp`
    await writeFile(trial, '').catch((error: unknown) => {
      throw codeOf(error) === 'ENOENT' ? noNewFiles(folder, error) : error
    })
    await rm(trial, { force: true })
    return undefined
  } catch (error) {
    const why = { EACCES: 'permission denied', EPERM: 'permission denied', EROFS: 'the disk is read-only' }[codeOf(error) ?? '']
    return `${folder}: ${why ?? messageOf(error)}`
  }
}

const ifMissing =
  <T>(value: T) =>
  (error: unknown): T => {
    if (codeOf(error) === 'ENOENT') return value
    throw error
  }
