// Labs on the machine.
import { type LabOptions, type Layout, layoutOf } from './layout.ts'
import { claimSite, findSite, forgetSite, keepSite, listSites, type Site, type SiteKind, type SiteState, saveSite } from './sites.ts'

export type LabState = SiteState<Layout>
export type Lab = Site<Layout>

const LABS: SiteKind<Layout> = { title: 'lab', script: 'scripts/lab', layoutOf }

export const claimLab = (options: LabOptions): Promise<Lab> => claimSite(LABS, options)
export const saveLab: (lab: Lab) => Promise<void> = saveSite
export const keepLab: (lab: Lab) => Promise<void> = keepSite
export const listLabs = (): Promise<readonly Lab[]> => listSites(LABS)
export const findLab = (name: string): Promise<Lab> => findSite(LABS, name)
export const forgetLab: (lab: Lab) => Promise<void> = forgetSite
export { forgetClaims, isOrphan } from './sites.ts'
