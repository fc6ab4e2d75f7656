// Two files of a suite run at a time: the longest begins first, or the other place stands empty at the end.
import Sequencer from '@jest/test-sequencer'

/** Seconds on two idle cores, of those that take minutes; all others come after them as jest has them. */
const SECONDS = {
  'cluster/e2e.cluster.ts': 530,
  'cluster/upgrade.cluster.ts': 300,
  'install/uninstall.cluster.ts': 290,
  'discovery/services.cluster.ts': 200,
  'cluster/policy.cluster.ts': 170,
  'charts/guide.cluster.ts': 150,
}
const secondsOf = ({ path }) => Object.entries(SECONDS).find(([file]) => path.endsWith(`/test/${file}`))?.[1] ?? 0

export default class LongestFirst extends Sequencer {
  async sort(tests) {
    return [...(await super.sort(tests))].sort((a, b) => secondsOf(b) - secondsOf(a))
  }
}
