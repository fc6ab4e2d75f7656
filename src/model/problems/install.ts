import type { Problems } from '../problem.ts'

export const installProblems: Problems = {}
