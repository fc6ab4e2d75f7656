// The lines of docs/helm.md, as a reader would run them.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { ExecResult } from '../../src/system/exec.ts'
import { exec } from '../../src/system/exec.ts'
import { kubeProgram } from '../cluster/control-plane.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PAGE = 'docs/helm.md'

/** What is to be run under a heading, a block each. */
export function linesUnder(heading: string): readonly string[] {
  const page = readFileSync(join(ROOT, PAGE), 'utf8')
  const from = page.split('\n').findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  if (from < 0) throw new Error(`${PAGE} has no heading "${heading}"`)
  const section = page
    .split('\n')
    .slice(from + 1)
    .join('\n')
    .split(/^#+ /m)[0]
  const blocks = [...(section ?? '').matchAll(/^```bash\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
  if (blocks.length === 0) throw new Error(`${PAGE} has nothing to run under "${heading}"`)
  return blocks
}

export interface Shell {
  readonly kubeconfig: string
  /** An empty folder; what variables were set is kept there from one run to the next. */
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs lines in the folder of the project; the first that fails ends it. */
export function runLines({ kubeconfig, folder, env = {} }: Shell, lines: string): Promise<ExecResult> {
  const variables = join(folder, 'variables')
  const script = `set -e
touch ${variables}
source ${variables}
${lines}
for name in \${!SUBMARINER_*}; do declare -p "$name"; done >${variables}
`
  const path = `${dirname(kubeProgram('helm'))}:${process.env.PATH}`
  return exec(['bash', '-c', `cd "$1"; exec bash -x`, 'bash', ROOT], {
    input: script,
    timeoutMs: 900_000,
    env: { PATH: path, KUBECONFIG: kubeconfig, HOME: folder, ...env },
  })
}
