// Packets that nobody should send, from a number alone: the same seed gives the same ones.
import { questionBytes } from './world.ts'

/** Uniform whole numbers below the limit, by xorshift. */
export function openRandom(seed: number): (below: number) => number {
  let state = seed | 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const NAMES = ['web.shop.svc', 'db.shop.svc', '_http._tcp.web.shop.svc', 'a.east.db.shop.svc', 'no.shop.svc', 'svc', 'ns.dns']
const GOOD: readonly Buffer[] = NAMES.flatMap((name) =>
  ['A', 'SRV', 'ANY', 'SOA'].flatMap((type) => [
    questionBytes(`${name}.clusterset.local`, type),
    questionBytes(`${name}.clusterset.local`, type, { edns: { udpPayloadSize: 4096 } }),
  ]),
)

/** Noise, good questions with bytes changed, cut or added, and headers that lie about what follows. */
export function hostilePacket(random: (below: number) => number): Buffer {
  const noise = (length: number): Buffer => {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at += 1) bytes[at] = random(256)
    return bytes
  }
  const good = Buffer.from(GOOD[random(GOOD.length)] ?? [])
  switch (random(6)) {
    case 0:
      return noise(random(80))
    case 1: {
      for (let i = random(6); i >= 0; i -= 1) good[random(good.length)] = random(256)
      return good
    }
    case 2:
      return good.subarray(0, random(good.length))
    case 3: {
      // Counts, and records of noise to go with them.
      for (const at of [4, 6, 8, 10]) if (random(2) === 0) good.writeUInt16BE(random(4), at)
      return Buffer.concat([good, noise(random(60))])
    }
    case 4: {
      // Names that are long, deep, or point somewhere.
      const labels = noise(2 * random(140))
      for (let at = 0; at < labels.length; at += 2) {
        labels[at] = 1
        labels[at + 1] = 97 + ((labels[at + 1] ?? 0) % 26)
      }
      const end = random(2) === 0 ? Buffer.from([0]) : Buffer.from([0xc0 | random(64), random(256)])
      return Buffer.concat([good.subarray(0, 12), labels, end, good.subarray(-4)])
    }
    default: {
      // A name of ours with a label, a case or a byte that is not: a name in its own right.
      const at = 13 + random(good.length - 13)
      good[at] = (good[at] ?? 0) ^ (1 << random(8))
      return good
    }
  }
}
