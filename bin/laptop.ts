import { laptopRuns } from '../src/commands/laptop-runs.ts'
import { begin } from './begin.ts'

void begin(laptopRuns, 'warn')
