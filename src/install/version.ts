import { UserError } from '../model/errors.ts'

/** From here on an API server has ValidatingAdmissionPolicy, which keeps members of a broker apart. */
const POLICIES_SINCE = [1, 30] as const

/** How members of a broker are kept from each other's objects: by a policy, by the central API server itself, or not at all. */
export type Apart = 'policy' | 'server' | 'shared'

/** How this server keeps members apart; throws where it cannot and the user has not accepted it. The version is such as `v1.29.4+k3s1`. */
export function keptApart(version: string, accepted: { readonly shared: boolean }): Apart {
  // The central API server's own, which has the rule built in.
  if (/\+subctl-/.test(version)) return 'server'
  const [, major = '0', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  const isNew = Number(major) > POLICIES_SINCE[0] || (Number(major) === POLICIES_SINCE[0] && Number(minor) >= POLICIES_SINCE[1])
  if (isNew) return 'policy'
  if (accepted.shared) return 'shared'
  throw new UserError(
    'SUB0414',
    `This cluster runs Kubernetes ${version || 'of unknown version'}; members can be kept apart from ${POLICIES_SINCE.join('.')} on`,
    {
      hint: 'Use a newer cluster or `subctl serve-broker`, or accept that members can change each other’s objects: --shared-rights.',
    },
  )
}
