import type { Check } from './check.ts'
import { CLUSTER_CHECKS } from './clusters/cluster-checks.ts'
import { INSTALL_CHECKS } from './installed/install-checks.ts'
import { PATH_CHECKS } from './paths/path-checks.ts'
import { POD_CHECKS } from './pods/pod-checks.ts'
import { SERVICE_CHECKS } from './services/service-checks.ts'
import { TRIED_CHECKS } from './services/tried-checks.ts'
import type { CheckContext } from './subject.ts'

/** What `verify` asks of each cluster, in order. */
export const CHECKS: readonly Check<CheckContext>[] = [
  ...CLUSTER_CHECKS,
  ...PATH_CHECKS,
  ...INSTALL_CHECKS,
  ...POD_CHECKS,
  ...SERVICE_CHECKS,
  ...TRIED_CHECKS,
]
