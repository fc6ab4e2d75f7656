import { jest } from '@jest/globals'

jest.retryTimes(1, { logErrorsBeforeRetry: true })
// No test of a real machine fails because the machine is busy; a suite has its own limit.
jest.setTimeout(120_000)
