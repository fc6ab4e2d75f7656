/** Whether one more question of the client may be answered now. */
export type Admit = (client: string) => boolean

const WINDOW_MS = 1_000
/** So many clients are told apart in one window; a flood of made-up addresses begins a new one. */
const MOST_CLIENTS = 20_000

/** At most so many questions of one address a second, counted in whole seconds. */
export function openRate(mostPerSecond: number, now: () => number): Admit {
  const asked = new Map<string, number>()
  let began = now()
  return (client) => {
    const time = now()
    if (time - began >= WINDOW_MS || time < began || asked.size >= MOST_CLIENTS) {
      asked.clear()
      began = time
    }
    const before = asked.get(client) ?? 0
    if (before >= mostPerSecond) return false
    asked.set(client, before + 1)
    return true
  }
}
