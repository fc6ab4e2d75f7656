import type { Problems } from '../problem.ts'

export const brokerProblems: Problems = {}
