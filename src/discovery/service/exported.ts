// Labels and annotations that an export gives to the imports of its service: they come from another cluster, and say nothing in our name or Kubernetes'.

/** Domains whose labels and annotations mean something to a cluster or to us. */
const RESERVED = /(^|\.)(kubernetes\.io|k8s\.io|submariner\.io|submariner-io)\//
const KEY = /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/
const MOST_ENTRIES = 64

export const LABEL_VALUE = /^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/
export const ANNOTATION_VALUE = /^[\x20-\x7e]{0,1024}$/

/** The entries of a table that may stand on an object here. */
export const fitting = (table: Readonly<Record<string, unknown>>, value: RegExp): Record<string, string> =>
  Object.fromEntries(
    Object.entries(table)
      .filter((entry): entry is [string, string] => {
        const [key, text] = entry
        return typeof text === 'string' && KEY.test(key) && !RESERVED.test(`.${key}`) && value.test(text)
      })
      .slice(0, MOST_ENTRIES),
  )

/** Of a table as JSON; nothing of a text that is none. */
export function readTable(text: string | undefined, value: RegExp): Record<string, string> {
  if (text === undefined) return {}
  try {
    const table: unknown = JSON.parse(text)
    return typeof table === 'object' && table !== null && !Array.isArray(table) ? fitting({ ...table }, value) : {}
  } catch {
    return {}
  }
}
