// Reading what `ip -j` and `bridge -j` print. Only the fields that are asked for are looked at.

export type Json = Readonly<Record<string, unknown>>

/** The arrays that one run of `ip -j -batch` printed, one for each line that went in; an empty one for a line without an answer. */
export function parseAnswers(stdout: string): readonly (readonly Json[])[] {
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => listOf(JSON.parse(line)))
}

export const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isJson) : [])
export const isJson = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A field as text; undefined where it is missing or neither text nor number. */
export function wordOf(json: Json | undefined, key: string): string | undefined {
  const value = json?.[key]
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined
}
export const jsonOf = (json: Json | undefined, key: string): Json | undefined => {
  const value = json?.[key]
  return isJson(value) ? value : undefined
}
