import type { Check } from '../check.ts'
import type { CheckContext } from '../subject.ts'
import { agentsLead } from './agents.ts'
import { exportsTaken, importsTrue } from './exchange-checks.ts'
import { kindsServed } from './kinds.ts'
import { namesSetUp } from './names.ts'

/** Questions about services across clusters that objects alone answer. */
export const SERVICE_CHECKS: readonly Check<CheckContext>[] = [
  { id: 'SUB0633', name: 'the kinds of services across clusters are served', needs: ['SUB0602'], run: kindsServed },
  { id: 'SUB0634', name: 'an agent of services leads, and its pods are ready', needs: ['SUB0602'], patienceMs: 15_000, run: agentsLead },
  { id: 'SUB0635', name: 'names of the clusterset are set up', needs: ['SUB0602'], patienceMs: 15_000, run: namesSetUp },
  { id: 'SUB0636', name: 'services that are exported are taken', needs: ['SUB0602'], patienceMs: 10_000, run: exportsTaken },
  { id: 'SUB0637', name: 'what is imported is what the others export', needs: ['SUB0602'], patienceMs: 15_000, run: importsTrue },
]
