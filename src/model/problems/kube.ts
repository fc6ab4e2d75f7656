import type { Problems } from '../problem.ts'

export const kubeProblems: Problems = {}
