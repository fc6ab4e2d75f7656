import type { Problems } from '../problem.ts'

export const nodeProblems: Problems = {}
