// jest's reporter for scripts/test: one line of JSON a test file, as it ends, so that a suite that is cut off has its results too.
import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'

export default class Tally {
  onTestResult(_test, result) {
    const tests = result.testResults.map(({ fullName, status, invocations = 1 }) => ({ name: fullName, status, invocations }))
    const line = {
      file: relative(process.cwd(), result.testFilePath),
      broken: result.testExecError?.message,
      seconds: Math.round(result.perfStats.runtime / 1000),
      tests,
    }
    appendFileSync(process.env.SUBCTL_TALLY ?? '/dev/null', `${JSON.stringify(line)}\n`)
  }

  onRunComplete() {
    // Fires only where something that a test left open keeps the process alive.
    setTimeout(() => {
      console.error('jest does not end: a test left a timer, a socket or a process open')
      process.exit(9)
    }, 60_000).unref()
  }
}
