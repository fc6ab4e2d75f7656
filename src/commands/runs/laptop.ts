import type { Runs } from '../cli/run.ts'
import { deployBroker } from '../deploy-broker.ts'
import { exportServices } from '../export.ts'
import { forget } from '../forget.ts'
import { join } from '../join.ts'
import { resolve } from '../resolve.ts'
import { show } from '../show.ts'
import { unexportServices } from '../unexport.ts'
import { uninstall } from '../uninstall.ts'
import { upgrade } from '../upgrade.ts'
import { verify } from '../verify.ts'
import { infoRuns } from './info.ts'

/** What the laptop's part runs. */
export const laptopRuns: Runs = {
  ...infoRuns,
  'deploy-broker': deployBroker,
  export: exportServices,
  forget,
  join,
  resolve,
  show,
  unexport: unexportServices,
  uninstall,
  upgrade,
  verify,
}
