import { jest } from '@jest/globals'

// At once: later tests of a file go on from what this one left, and the last may have taken all of it down.
jest.retryTimes(1, { logErrorsBeforeRetry: true, retryImmediately: true })
// No test of a real machine fails because the machine is busy; a suite has its own limit.
jest.setTimeout(120_000)
