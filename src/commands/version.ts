import type { Run } from './cli/run.ts'

/** `subctl version`: version, commit and platform of this binary. */
export const version: Run = async (context, given) => {
  const platform = `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`
  if (given.need('output') === 'table') {
    context.stdout.write(`subctl ${context.version} (${platform})\n`)
    return undefined
  }
  const [release, commit] = context.version.split('+')
  const value = { apiVersion: 'subctl.submariner.io/v1', kind: 'Version', version: release, commit, platform, node: process.versions.node }
  context.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
  return undefined
}
