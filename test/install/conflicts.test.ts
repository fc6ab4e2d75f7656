import { describe, expect, it } from '@jest/globals'
import { conflictsOf } from '../../src/install/apply/conflicts.ts'

describe('conflictsOf() reads what an API server says of field managers', () => {
  it.each([
    ['one field', 'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.A', ['kubectl-edit .data.A']],
    [
      'a time with colons, and a subresource',
      'Apply failed with 1 conflict: conflict with "kube" with subresource "status" using apps/v1 at 2026-11-30T04:25:19Z: .spec.template.spec.containers[name="a"].image',
      ['kube .spec.template.spec.containers[name="a"].image'],
    ],
    [
      'several managers and fields',
      'Apply failed with 3 conflicts: conflicts with "argocd":\n- .data.A\n- .data.B\nconflicts with "kubectl" using v1 at 2026-11-30T04:25:19Z:\n- .data.C',
      ['argocd .data.A', 'argocd .data.B', 'kubectl .data.C'],
    ],
    ['another refusal', 'Operation cannot be fulfilled on configmaps "a": the object has been modified', []],
  ])('%s', (_, message, told) => {
    expect(conflictsOf(message).map(({ manager, field }) => `${manager} ${field}`)).toEqual(told)
  })
  it('words that it does not know are one conflict with somebody', () => {
    const message = 'Apply failed with 1 conflict: somebody has .data.A'
    expect(conflictsOf(message)).toEqual([{ manager: 'another', field: message }])
  })
})
