// Sends numbered datagrams to an echo until its standard input ends or SIGTERM, then prints one line of JSON:
// {sent, received, lost, gaps: [{first, lost, ms, at}], firstMs}. `node stream.mjs ADDRESS PORT INTERVAL_MS`
import { createSocket } from 'node:dgram'

const [address, port, interval] = process.argv.slice(2)
const intervalMs = Number(interval)
const DRAIN_MS = 1500
const sentAt = []
const answeredAt = []

const socket = createSocket('udp4')
socket.on('error', () => undefined)
socket.on('message', (message) => {
  const number = message.readUInt32BE(0)
  const isFirst = answeredAt.every((time) => time === undefined)
  answeredAt[number] ??= performance.now()
  if (isFirst) console.log(JSON.stringify({ answered: true }))
})
await new Promise((settle) => socket.bind(0, settle))

const started = performance.now()
const timer = setInterval(() => {
  // A tick that comes late sends what is due.
  while (performance.now() - started >= sentAt.length * intervalMs) {
    const message = Buffer.alloc(64)
    message.writeUInt32BE(sentAt.length)
    sentAt.push(performance.now())
    answeredAt.push(undefined)
    // A datagram that the kernel refuses to send is lost as any other.
    socket.send(message, Number(port), address, () => undefined)
  }
}, intervalMs / 2)
console.log(JSON.stringify({ sending: true }))

let ending = false
const end = () => {
  if (ending) return
  ending = true
  clearInterval(timer)
  setTimeout(() => {
    console.log(JSON.stringify(tally()))
    process.exit(0)
  }, DRAIN_MS)
}
process.stdin.on('end', end).resume()
process.once('SIGTERM', end)
process.once('SIGINT', end)

function tally() {
  const gaps = []
  let open
  for (const [number, time] of sentAt.entries()) {
    if (answeredAt[number] === undefined) open ??= { first: number, since: time }
    else if (open !== undefined) {
      gaps.push(gapOf(open, number, time))
      open = undefined
    }
  }
  if (open !== undefined) gaps.push(gapOf(open, sentAt.length, performance.now()))
  const received = answeredAt.filter((time) => time !== undefined).length
  const first = answeredAt.findIndex((time) => time !== undefined)
  return {
    sent: sentAt.length,
    received,
    lost: sentAt.length - received,
    gaps,
    firstMs: first < 0 ? null : Math.round(sentAt[first] - started),
  }
}

// How long nothing came through: from the first datagram lost to the first that was answered again.
function gapOf({ first, since }, end, time) {
  return { first, lost: end - first, ms: Math.round(time - since), at: new Date(performance.timeOrigin + since).toISOString() }
}
