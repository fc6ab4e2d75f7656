import { UserError } from '../model/errors.ts'

/** From here on an API server has ValidatingAdmissionPolicy, which keeps members of a broker apart. */
const POLICIES_SINCE = [1, 30] as const

/** Whether rights of members can be kept apart; throws where they cannot and the user has not accepted it. The version is such as `v1.29.4+k3s1`. */
export function canKeepApart(version: string, isAccepted: boolean): boolean {
  const [, major = '0', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  const isNew = Number(major) > POLICIES_SINCE[0] || (Number(major) === POLICIES_SINCE[0] && Number(minor) >= POLICIES_SINCE[1])
  if (!isNew && !isAccepted)
    throw new UserError(
      'SUB0414',
      `This cluster runs Kubernetes ${version || 'of unknown version'}; members can be kept apart from ${POLICIES_SINCE.join('.')} on`,
      {
        hint: 'Use a newer cluster or `subctl serve-broker`, or accept that members can change each other’s objects: --shared-rights.',
      },
    )
  return isNew
}
