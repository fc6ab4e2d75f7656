import { laptopRuns } from '../src/commands/runs/laptop.ts'
import { execByLibrary } from '../src/system/execa.ts'
import { begin } from './begin.ts'

void begin(laptopRuns, { exec: execByLibrary, logLevel: 'warn' })
