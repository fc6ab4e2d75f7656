import { type ByName, openByName } from './by-name.ts'

/** Something of an object, with its name. */
export interface Named {
  readonly namespace: string
  readonly name: string
}
export interface Holding<T extends Named> {
  readonly held: ByName<unknown>
  /** Both say whether anything is different now. */
  put(item: T): boolean
  drop(namespace: string, name: string): boolean
}

/** Makes what is held that of a whole list, and says whether anything is different now. Put before drop: a service whose slice has another name now is never without it. */
export function relist<T extends Named>({ held, put, drop }: Holding<T>, items: readonly T[]): boolean {
  const listed = openByName<true>()
  for (const { namespace, name } of items) listed.set(namespace, name, true)
  const gone = [...held.names()].filter(([namespace, name]) => listed.get(namespace, name) === undefined)
  const came = items.filter(put).length
  for (const [namespace, name] of gone) drop(namespace, name)
  return came + gone.length > 0
}
