// What a Corefile says, as far as it matters here: which zones it serves, where, and by what. Its text is never written from this.

export interface Directive {
  readonly words: readonly string[]
  /** The lines of its own braces. */
  readonly inside: readonly (readonly string[])[]
}
export interface ServerBlock {
  /** As they are written, such as `.:53`. */
  readonly keys: readonly string[]
  readonly directives: readonly Directive[]
}
export interface Corefile {
  readonly blocks: readonly ServerBlock[]
  /** Patterns that are imported beside the blocks, such as `/etc/coredns/custom/*.server`. */
  readonly imports: readonly string[]
}

interface Token {
  readonly text: string
  readonly line: number
}

/** Undefined where the text is not understood: braces that do not match, or the form without braces. */
export function readCorefile(text: string): Corefile | undefined {
  const lines = linesOf(text)
  if (lines === undefined) return undefined
  const blocks: ServerBlock[] = []
  const imports: string[] = []
  let keys: string[] = []
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? []
    if (keys.length === 0 && line[0] === 'import') {
      imports.push(...line.slice(1))
      continue
    }
    keys.push(...line.filter((word) => word !== '{'))
    if (line.at(-1) !== '{') {
      // Keys go on in the next line after a comma alone.
      if (line.at(-1)?.endsWith(',') !== true) return undefined
      continue
    }
    const end = endOf(lines, i)
    if (end === undefined) return undefined
    blocks.push({
      keys: keys.flatMap((key) => key.split(',')).filter((key) => key !== ''),
      directives: directivesOf(lines.slice(i + 1, end)),
    })
    keys = []
    i = end
  }
  return keys.length === 0 ? { blocks, imports } : undefined
}

/** The line that closes the brace at the end of this one. */
function endOf(lines: readonly (readonly string[])[], start: number): number | undefined {
  for (let i = start + 1, depth = 1; i < lines.length; i += 1) {
    const line = lines[i] ?? []
    depth += line.filter((word) => word === '{').length - line.filter((word) => word === '}').length
    if (depth === 0) return line.length === 1 ? i : undefined
    if (depth < 0) return undefined
  }
  return undefined
}

function directivesOf(lines: readonly (readonly string[])[]): readonly Directive[] {
  const directives: { words: readonly string[]; inside: (readonly string[])[] }[] = []
  let depth = 0
  for (const line of lines) {
    if (depth === 0) directives.push({ words: line.filter((word) => word !== '{' && word !== '}'), inside: [] })
    else if (line[0] !== '}') directives.at(-1)?.inside.push(line.filter((word) => word !== '{' && word !== '}'))
    depth += line.filter((word) => word === '{').length - line.filter((word) => word === '}').length
  }
  return directives
}

/** Words by line, without comments and empty lines; undefined where a quotation has no end. */
function linesOf(text: string): readonly (readonly string[])[] | undefined {
  const tokens: Token[] = []
  // A quoted word, a comment, or what stands between blanks.
  const pattern = /"((?:\\.|[^"\\])*)"|(#[^\n]*)|(\n)|([^\s"#][^\s]*)|(")/g
  let line = 0
  for (const [, quoted, comment, newline, word, open] of text.matchAll(pattern)) {
    if (open !== undefined) return undefined
    if (quoted !== undefined || word !== undefined) tokens.push({ text: word ?? quoted ?? '', line })
    if (newline !== undefined) line += 1
    if (comment === undefined) line += (quoted ?? '').split('\n').length - 1
  }
  return [...Map.groupBy(tokens, (token) => token.line).values()].map((words) => words.map(({ text: word }) => word))
}

/** The zone and port of a key of plain DNS; undefined for other transports and snippets. */
export function zoneOf(key: string): { readonly zone: string; readonly port: number } | undefined {
  const match = /^(?:dns:\/\/)?([^\s:()/]+|\.)(?:\/\d+)?(?::(\d+))?$/i.exec(key)
  if (match === null) return undefined
  return { zone: plainZone(match[1] ?? ''), port: Number(match[2] ?? 53) }
}

export const plainZone = (zone: string): string => (zone === '.' ? zone : zone.toLowerCase().replace(/\.$/, ''))

export interface ClusterBlock {
  readonly block: ServerBlock
  readonly port: number
  /** The domain of the cluster's own services, such as `cluster.local`. */
  readonly domain: string
}

/** The block in which the plugin `kubernetes`, or a forwarding to it, answers for the cluster. */
export function clusterBlock({ blocks }: Corefile): ClusterBlock | undefined {
  for (const block of blocks) {
    const served = block.keys.flatMap((key) => zoneOf(key) ?? [])
    const plugin = block.directives.find(({ words }) => words[0] === 'kubernetes')
    const zones = (plugin?.words.length ?? 0) > 1 ? (plugin?.words.slice(1) ?? []).map(plainZone) : served.map(({ zone }) => zone)
    const domain = zones.find((zone) => zone !== '.' && !zone.endsWith('.arpa'))
    if (plugin !== undefined && domain !== undefined && served[0] !== undefined) return { block, port: served[0].port, domain }
  }
  return undefined
}

/** What serves one of the zones: a few words for people; undefined where nothing does. */
export function whoServes({ blocks }: Corefile, zones: readonly string[]): string | undefined {
  const isOne = (zone: string): boolean => zones.includes(plainZone(zone))
  for (const { keys, directives } of blocks) {
    const key = keys.find((one) => isOne(zoneOf(one)?.zone ?? ''))
    const forward = directives.find(({ words }) => words[0] === 'forward')
    if (key !== undefined)
      return `a server block ${key}${forward === undefined ? '' : ` that forwards to ${forward.words.slice(2).join(' ')}`}`
    for (const { words, inside } of directives) {
      const all = [words, ...inside]
      const found = all.find(
        (line) => ['kubernetes', 'multicluster', 'forward', 'file', 'template'].includes(line[0] ?? '') && line.slice(1).some(isOne),
      )
      if (found !== undefined) return `the line "${found.join(' ')}" of the server block ${keys.join(' ')}`
    }
  }
  return undefined
}
