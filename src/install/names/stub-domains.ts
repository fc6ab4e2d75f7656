// kube-dns keeps the zones that it forwards as JSON in a ConfigMap, where no comment can mark what is ours: the text that we put in is kept in an annotation.

/** The entry of our zones, as it is put into the object. */
export const stubEntry = (zones: readonly string[], server: string): string =>
  zones.map((zone) => `${JSON.stringify(zone)}: ${JSON.stringify([server])}`).join(', ')

/** The text with the entry in it, the rest as it was; undefined where the text is no JSON object. */
export function withStubs(text: string | undefined, entry: string): string | undefined {
  if (text === undefined) return `{${entry}}`
  const object = objectIn(text)
  if (object === undefined) return undefined
  return text.replace('{', () => `{${entry}${Object.keys(object).length === 0 ? '' : ', '}`)
}

/** The text without the entry. `isOurs`: the text was not there before us, so it goes with the last zone. Undefined in the answer: the key goes. */
export function withoutStubs(text: string, entry: string, isOurs: boolean): string | undefined {
  const cut = text.includes(`{${entry}, `) ? text.replace(`{${entry}, `, '{') : text.replace(`{${entry}`, '{')
  const rest = cut === text ? withoutValues(text, entry) : cut
  return isOurs && Object.keys(objectIn(rest) ?? { kept: true }).length === 0 ? undefined : rest
}

/** Where others have written the text anew, our zones go by their names and values. */
function withoutValues(text: string, entry: string): string {
  const object = objectIn(text)
  const ours = objectIn(`{${entry}}`)
  if (object === undefined || ours === undefined) return text
  const isOurs = ([zone, servers]: [string, unknown]): boolean => JSON.stringify(servers) === JSON.stringify(ours[zone])
  const entries = Object.entries(object)
  return entries.some(isOurs) ? JSON.stringify(Object.fromEntries(entries.filter((one) => !isOurs(one)))) : text
}

/** The zones that the text forwards; undefined where it is no JSON object. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
