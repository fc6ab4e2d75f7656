import { dnsRuns } from '../src/commands/runs/dns.ts'
import { beginAgent } from './agent.ts'

beginAgent(dnsRuns)
