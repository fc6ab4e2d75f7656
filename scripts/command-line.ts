// What scripts with a command line of their own share.

export class UsageError extends Error {}

/** Runs it on the process's arguments: usage errors are told with the usage and end with 64, others with 1. */
export async function runScript(name: string, usage: string, main: (args: readonly string[]) => Promise<number>): Promise<void> {
  // Whoever reads the output may have read enough.
  process.stdout.on('error', () => process.exit(0))
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    const isUsage = error instanceof UsageError
    console.error(`${name}: ${error instanceof Error ? error.message : String(error)}${isUsage ? `\n\n${usage}` : ''}`)
    process.exitCode = isUsage ? 64 : 1
  }
}
