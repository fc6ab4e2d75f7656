import type { Problems } from '../problem.ts'

export const serverProblems: Problems = {}
