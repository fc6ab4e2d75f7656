import { jest } from '@jest/globals'

// No test fails because the machine is busy; a suite has its own limit.
jest.setTimeout(120_000)
