// Labs and beds that are up for as long as something is measured in them; a run that is broken off ends them.

const open = new Set<() => Promise<void>>()
let isBrokenOff = false

/** How a site comes and goes. `up` takes down what it has made where it fails, and where the signal comes. */
export interface SiteWay<S> {
  up(stop: AbortSignal): Promise<S>
  down(site: S): Promise<void>
}

/** Brings a site up, works in it and takes it down again, once, however it ends. */
export async function withSite<S, T>({ up, down }: SiteWay<S>, work: (site: S) => Promise<T>): Promise<T> {
  // What was broken off fails, and the next bench shall not begin meanwhile.
  if (isBrokenOff) throw new Error('interrupted')
  const stop = new AbortController()
  const coming = up(stop.signal)
  let gone: Promise<void> | undefined
  const end = (): Promise<void> => {
    gone ??= coming.then(down, () => undefined)
    return gone
  }
  const breakOff = async (): Promise<void> => {
    stop.abort(new Error('interrupted'))
    await end()
  }
  open.add(breakOff)
  try {
    return await work(await coming)
  } finally {
    await end()
    open.delete(breakOff)
  }
}

/** Ends every site that is up or coming up, and lets no other one come: for a run that is broken off. */
export async function endSites(): Promise<void> {
  isBrokenOff = true
  await Promise.all([...open].map((breakOff) => breakOff()))
}
