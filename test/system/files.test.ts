import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { realFiles } from '../../src/system/files.ts'

const folder = mkdtempSync(join(tmpdir(), 'subctl-files-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('realFiles.write', () => {
  it('makes the folders on the way, also for two at a time', async () => {
    const paths = ['x', 'y'].map((name) => join(folder, 'a', 'b', name))
    await Promise.all(paths.map((path) => realFiles.write(path, 'text', 0o600)))
    expect(paths.map((path) => [readFileSync(path, 'utf8'), statSync(path).mode & 0o777])).toEqual([
      ['text', 0o600],
      ['text', 0o600],
    ])
    await realFiles.write(paths[0] ?? '', 'more')
    expect([await realFiles.isPrivate(paths[0] ?? ''), await realFiles.isPrivate(paths[1] ?? '')]).toEqual([false, true])
  })

  it('fails where a file stands in the way', async () => {
    writeFileSync(join(folder, 'file'), '')
    await expect(realFiles.write(join(folder, 'file', 'x'), '')).rejects.toMatchObject({
      code: expect.stringMatching(/^(ENOTDIR|EEXIST)$/),
    })
  })

  // As all of /proc, for root too.
  it('says that a folder takes no files, and finds so beforehand', async () => {
    await expect(realFiles.write('/proc/subctl', '')).rejects.toMatchObject({ code: 'EPERM', syscall: 'open' })
    expect(await realFiles.writeFault('/proc/subctl')).toMatch(/^\/proc: /)
    expect([await realFiles.writeFault(join(folder, 'new')), existsSync(join(folder, 'new'))]).toEqual([undefined, false])
  })

  // mkdir's own `recursive` goes on for ever there.
  const onLinux = existsSync('/proc/self') ? it : it.skip
  onLinux('comes to an end where no folder can be made', async () => {
    await expect(realFiles.write('/proc/subctl/x', '')).rejects.toMatchObject({ code: 'ENOENT', syscall: 'mkdir' })
  })
})

it('realFiles.makePrivate makes a folder its owner’s alone, also one that is there', async () => {
  const path = join(folder, 'c', 'd')
  await realFiles.makePrivate(path)
  chmodSync(path, 0o755)
  await realFiles.makePrivate(path)
  expect(statSync(path).mode & 0o777).toBe(0o700)
})
