// Our part of a Corefile: a few lines between two marks, before all else. What stands outside of the marks is kept byte for byte.

export const BEGIN = '# BEGIN subctl: written by "subctl join", taken away by "subctl uninstall"'
export const END = '# END subctl'

const BEGIN_LINE = /^[ \t]*# BEGIN subctl(:[^\n]*)?\r?$/
const END_LINE = /^[ \t]*# END subctl[ \t]*\r?$/

/**
 * The text with our part before it, instead of one that it has already. Undefined where the marks do not match, since nobody can tell then what is ours.
 * It goes first so that it needs nothing of the text that follows, not even an end of its last line.
 */
export function withBlock(text: string, block: string): string | undefined {
  const rest = withoutBlock(text)
  return rest === undefined ? undefined : `${BEGIN}\n${block}\n${END}\n${rest}`
}

/** The text without our part; the same where it has none. Undefined where the marks do not match. */
export function withoutBlock(text: string): string | undefined {
  const lines = text.split('\n')
  const kept: string[] = []
  let isInside = false
  for (const line of lines) {
    if (BEGIN_LINE.test(line)) {
      if (isInside) return undefined
      isInside = true
    } else if (!isInside) kept.push(line)
    else if (END_LINE.test(line)) isInside = false
  }
  return isInside ? undefined : kept.join('\n')
}

/** What stands between the marks; undefined where there is no such part. */
export function blockIn(text: string): string | undefined {
  const lines = text.split('\n')
  const begin = lines.findIndex((line) => BEGIN_LINE.test(line))
  const end = lines.findIndex((line, i) => i > begin && END_LINE.test(line))
  return begin < 0 || end < 0 ? undefined : lines.slice(begin + 1, end).join('\n')
}
