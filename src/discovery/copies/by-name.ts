/** Values by namespace and name: without a text for both together, of which thousands weigh more than what they lead to. */
export interface ByName<T> {
  get(namespace: string, name: string): T | undefined
  set(namespace: string, name: string, value: T): void
  delete(namespace: string, name: string): void
  readonly size: number
  names(): Iterable<readonly [namespace: string, name: string]>
}

export function openByName<T>(): ByName<T> {
  const namespaces = new Map<string, Map<string, T>>()
  let size = 0
  return {
    get: (namespace, name) => namespaces.get(namespace)?.get(name),
    set(namespace, name, value) {
      const names = namespaces.get(namespace) ?? new Map<string, T>()
      if (!names.has(name)) size += 1
      namespaces.set(namespace, names.set(name, value))
    },
    delete(namespace, name) {
      const names = namespaces.get(namespace)
      if (names?.delete(name) !== true) return
      size -= 1
      if (names.size === 0) namespaces.delete(namespace)
    },
    get size() {
      return size
    },
    *names() {
      for (const [namespace, names] of namespaces) for (const name of names.keys()) yield [namespace, name]
    },
  }
}
