// What passes a link of a lab, packet by packet: proof of what our own status only says.
import { spawn } from 'node:child_process'
import { argvIn } from './places.ts'
import type { Site } from './sites.ts'

export interface Capture extends AsyncDisposable {
  /** Ends the capture; one line for each packet seen. */
  stop(): Promise<readonly string[]>
}

/** The link of a place that leads out of it: of the WAN its bridge, which every packet between clusters passes. */
const linkOf = (place: string): string => (place === 'wan' ? 'br0' : place.endsWith('-router') ? 'wan0' : 'eth0')

/** Captures in a place from now on. The filter is tcpdump's; `link` is another link than the one that leads out. */
export async function capture(lab: Site, place: string, filter: string, link = linkOf(place)): Promise<Capture> {
  const argv = argvIn(lab, place, ['tcpdump', '-i', link, '-nn', '-tt', '-l', '--immediate-mode', '-s', '96', filter])
  const child = spawn(argv[0], argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const ended = new Promise<void>((settle) => child.once('close', () => settle()))
  await new Promise<void>((settle, fail) => {
    child.once('error', fail)
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes('listening on')) settle()
    })
    void ended.then(() => fail(new Error(`tcpdump in ${place}: ${said.trim()}`)))
  })
  const stop = async (): Promise<readonly string[]> => {
    if (child.exitCode === null) child.kill('SIGINT')
    await ended
    return out.split('\n').filter((line) => line !== '')
  }
  return {
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}

/** Captures what passes between the clusters in the clear: packets of pods and services outside of a tunnel. */
export const captureClear = (lab: Site): Promise<Capture> => capture(lab, 'wan', 'net 10.0.0.0/8 or net 100.0.0.0/8')
