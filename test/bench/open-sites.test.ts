import { beforeEach, describe, expect, it, jest } from '@jest/globals'

/** Of its own for each test: a run that was broken off stays so. */
let sites: typeof import('./open-sites.ts')
beforeEach(async () => {
  jest.resetModules()
  sites = await import('./open-sites.ts')
})

/** A site that says what happens to it, and comes up when it is told to. */
function site() {
  const seen: string[] = []
  const came = Promise.withResolvers<string>()
  const way = {
    up: async (stop: AbortSignal) => {
      stop.addEventListener('abort', () => came.reject(stop.reason))
      return came.promise
    },
    down: async (name: string) => {
      seen.push(`${name} down`)
    },
  }
  return { seen, way, come: () => came.resolve('bed') }
}

describe('withSite()', () => {
  it('takes the site down after the work, and where the work fails', async () => {
    const { seen, way, come } = site()
    come()
    expect(await sites.withSite(way, async (name) => `worked in ${name}`)).toBe('worked in bed')
    await expect(sites.withSite(way, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(seen).toEqual(['bed down', 'bed down'])
  })

  it('fails as its up does, and has nothing to take down then', async () => {
    const { seen, way } = site()
    const up = () => Promise.reject(new Error('no bed'))
    await expect(sites.withSite({ ...way, up }, async () => 'worked')).rejects.toThrow('no bed')
    expect(seen).toEqual([])
  })
})

describe('endSites()', () => {
  it('takes down what is up, once, and lets no other site come', async () => {
    const { seen, way, come } = site()
    const work = Promise.withResolvers<never>()
    const failing = expect(sites.withSite(way, () => work.promise)).rejects.toThrow('the bed has gone')
    come()
    await sites.endSites()
    expect(seen).toEqual(['bed down'])
    work.reject(new Error('the bed has gone'))
    await failing
    expect(seen).toEqual(['bed down'])
    await expect(sites.withSite(way, async () => 'worked')).rejects.toThrow('interrupted')
  })

  it('has a site that is coming up give up', async () => {
    const { seen, way } = site()
    const failing = expect(sites.withSite(way, async () => 'worked')).rejects.toThrow('interrupted')
    await sites.endSites()
    await failing
    expect(seen).toEqual([])
  })
})
