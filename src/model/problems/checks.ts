import type { Problems } from '../problem.ts'

export const checkProblems: Problems = {}
