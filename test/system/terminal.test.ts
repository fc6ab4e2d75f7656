import { PassThrough } from 'node:stream'
import { describe, expect, it } from '@jest/globals'
import { EXIT } from '../../src/model/errors.ts'
import { openAsk, openTextStream } from '../../src/system/terminal.ts'

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

/** A person at a terminal, who types what is given once the question is there. */
function asked(typed: string) {
  const [stdin, stderr] = [new PassThrough(), new PassThrough()]
  const end = new AbortController()
  const ask = openAsk({
    stdin: () => Object.assign(stdin, { isTTY: true, setRawMode: () => stdin }) as unknown as NodeJS.ReadStream,
    stderr: Object.assign(stderr, { isTTY: true, columns: 80 }) as unknown as NodeJS.WriteStream,
    signal: end.signal,
    interrupt: () => end.abort(),
  })
  const answer = ask?.('Name? ', '--yes')
  stdin.write(typed)
  return { answer, end, shown: () => String(stderr.read()) }
}

describe('a question at a terminal', () => {
  it('is answered by a line', async () => {
    const { answer, shown } = asked('west\r')
    expect(await answer).toBe('west')
    expect(shown()).toContain('Name? ')
  })
  it('ends with Ctrl-C as an interruption of the whole command', async () => {
    const { answer, end, shown } = asked('we\u0003')
    await expect(answer).rejects.toThrow('interrupted')
    expect(end.signal.aborted).toBe(true)
    expect(shown()).toMatch(/\n$/)
  })
  it('has no answer at the end of input (Ctrl-D), and names the flag that answers it', async () => {
    const { answer, end } = asked('\u0004')
    await expect(answer).rejects.toMatchObject({ id: 'SUB0102', exitCode: EXIT.usage, hint: expect.stringContaining('--yes') })
    expect(end.signal.aborted).toBe(false)
  })
  it('ends with the signal', async () => {
    const { answer, end } = asked('')
    end.abort()
    await expect(answer).rejects.toThrow('interrupted')
  })
  it('is put to nobody where one end is no terminal', () => {
    const stream = new PassThrough()
    const ends = { stdin: () => stream as unknown as NodeJS.ReadStream, stderr: stream as unknown as NodeJS.WriteStream }
    expect(openAsk({ ...ends, signal: new AbortController().signal, interrupt: () => undefined })).toBeUndefined()
  })
})
