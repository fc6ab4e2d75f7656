/** Who asks, as rights speak of them. */
export interface User {
  readonly name: string
  readonly groups: readonly string[]
}

export const AUTHENTICATED = 'system:authenticated'
/** May do everything, whatever the rights say. */
export const MASTERS = 'system:masters'
export const ANONYMOUS: User = { name: 'system:anonymous', groups: ['system:unauthenticated'] }
export const ADMIN: User = { name: 'system:admin', groups: [MASTERS, AUTHENTICATED] }

export const accountUser = (namespace: string, name: string): User => ({
  name: `system:serviceaccount:${namespace}:${name}`,
  groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, AUTHENTICATED],
})
