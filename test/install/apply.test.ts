import { expect, it } from '@jest/globals'
import { asUserError } from '../../src/install/apply/apply.ts'
import { ApiError } from '../../src/k8s/api.ts'

const forbidden = (message: string): unknown => asUserError(new ApiError(403, 'Forbidden', message), 'https://west:6443')

it('asUserError() tells a namespace that is going away from a right that is missing', () => {
  const going = 'daemonsets.apps "a" is forbidden: unable to create new content in namespace submariner because it is being terminated'
  expect(forbidden(going)).toMatchObject({ id: 'SUB0429', hint: expect.stringContaining('kubectl get namespaces') })
  expect(forbidden('daemonsets.apps is forbidden: User "x" cannot create')).toMatchObject({ id: 'SUB0416' })
})
