import { PassThrough } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { openTextStream } from '../../src/system/terminal.ts'

/** A stream as of a process, whose writes fail where a code is given. */
function processStream(code?: string) {
  const stream = new PassThrough()
  const fail = (_text: unknown, _encoding: unknown, done: (error: Error) => void) =>
    done(Object.assign(new Error(`${code}: write`), { code }))
  if (code !== undefined) stream._write = fail
  return {
    stream: Object.assign(stream, { isTTY: true as const, columns: 42 }) as unknown as NodeJS.WriteStream,
    read: () => String(stream.read()),
  }
}

describe('a text stream', () => {
  it('is out once it is flushed', async () => {
    const { stream, read } = processStream()
    const text = openTextStream(stream)
    text.write('a')
    text.write('b')
    expect(await text.flushed()).toBeUndefined()
    expect(read()).toBe('ab')
    expect(text).toMatchObject({ isTty: true, columns: 42 })
  })
  it('takes a reader that left for no fault', async () => {
    const text = openTextStream(processStream('EPIPE').stream)
    text.write('a')
    expect(await text.flushed()).toBeUndefined()
    text.write('b')
    expect(await text.flushed()).toBeUndefined()
  })
  it('writes plain quotes to a terminal without UTF-8, and to no file', async () => {
    const [terminal, file] = [processStream(), processStream()]
    Object.assign(file.stream, { isTTY: false })
    for (const { stream } of [terminal, file]) openTextStream(stream, { LC_ALL: 'C', LANG: 'C.UTF-8' }).write('the broker’s')
    expect(terminal.read()).toBe("the broker's")
    expect(file.read()).toBe('the broker’s')
  })
  it('tells why it could not be written', async () => {
    const text = openTextStream(processStream('ENOSPC').stream)
    text.write('a')
    expect(await text.flushed()).toMatchObject({ code: 'ENOSPC' })
  })
})
