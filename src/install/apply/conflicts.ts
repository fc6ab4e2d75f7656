// Fields of our objects that belong to another field manager, as the API server's refusal names them.

/** A field, and who has it. */
export interface Conflict {
  readonly manager: string
  /** Such as `.data.CE_IPSEC_NATTPORT`. */
  readonly field: string
}

/**
 * The conflicts in a server's words: `Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.a`, or for several
 * `Apply failed with 3 conflicts: conflicts with "x" using v1:\n- .data.a\n- .data.b\nconflicts with ...`. None in any other message; words that are new
 * count as one conflict with somebody.
 */
export function conflictsOf(message: string): readonly Conflict[] {
  if (!message.startsWith('Apply failed with')) return []
  const found = message
    .split(/conflicts? with (?=")/)
    .slice(1)
    .flatMap(ofOneManager)
  return found.length > 0 ? found : [{ manager: 'another', field: message }]
}

/** `"manager" with subresource "status" using v1 at TIME: .field`, or a list of fields a line each. */
function ofOneManager(text: string): readonly Conflict[] {
  const manager = /^"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? ''
  const fields = text.slice(Math.max(0, text.search(/:\s+(- )?\./)) + 1)
  return fields
    .split('\n')
    .map((line) => line.trim().replace(/^- /, ''))
    .filter((field) => field.startsWith('.'))
    .map((field) => ({ manager, field }))
}
