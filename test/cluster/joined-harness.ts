// For tests of clusters that have joined: beds with our image, and a reason where there can be none.
import { existsSync } from 'node:fs'
import { describe } from '@jest/globals'
import type { TestSite } from '../lab/test-site.ts'
import type { Bed, UpBedOptions } from './bed.ts'
import { describeBed, testBed } from './bed-harness.ts'
import { IMAGE, joinAll } from './joined.ts'

export interface JoinedOptions extends UpBedOptions {
  readonly name: string
  /** More flags of every join. */
  readonly flags?: readonly string[]
}

/** A bed that has our image; nobody has joined. */
export const imageBed = ({ images = [], ...options }: UpBedOptions & { readonly name: string }): TestSite<Bed> =>
  testBed({ ...options, images: [IMAGE, ...images] })

/** A bed whose clusters have joined and are connected when `up` is done. */
export function joinedBed({ flags = [], ...options }: JoinedOptions): TestSite<Bed> {
  const test = imageBed(options)
  const { up, explained } = test
  return Object.assign(test, {
    async up() {
      await up()
      await explained((bed) => joinAll(bed, flags))()
    },
  })
}

/** `describe`, or where no bed or no image can be had one that skips and says why. */
export const describeImage = (title: string, tests: () => void): void => {
  if (existsSync(IMAGE)) describeBed(title, tests)
  else describe.skip(`${title} (skipped: no ${IMAGE}: run scripts/image)`, tests)
}
