// Runs in a place of a lab: asks a server of that place for the name that was last written to it, all the time, and says each change of the answer.
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { ask } from '../../discovery/dns/client.ts'

const [port, everyMs] = process.argv.slice(2).map(Number)
if (port === undefined || everyMs === undefined) throw new Error('usage: dns-watch PORT MILLISECONDS')
let name: string | undefined
let said = ''
createInterface(process.stdin)
  .on('line', (line) => {
    name = line
    said = ''
  })
  .on('close', () => process.exit(0))

for (; ; await wait(everyMs)) {
  const asked = name
  const answer = asked === undefined ? undefined : await ask(port, asked)
  if (answer === undefined || asked === undefined) continue
  const addresses = answer.answers.flatMap((record) => (record.type === 'A' ? [record.data] : [])).join()
  const text = `${asked} ${addresses || 'none'}`
  if (text === said) continue
  said = text
  process.stdout.write(`${Date.now()} ${text}\n`)
}
