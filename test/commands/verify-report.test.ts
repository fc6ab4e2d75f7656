import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import type { ClusterReport } from '../../src/commands/look/report.ts'
import { countOf, junit, reportText, unfinishedJunit } from '../../src/commands/look/report.ts'

const reports: readonly ClusterReport[] = [
  {
    context: 'west',
    outcomes: [
      { id: 'SUB0601', name: 'the API answers', verdict: { is: 'ok', note: 'v1.34' }, tookMs: 12 },
      { id: 'SUB0602', name: 'joined', verdict: { is: 'failed', reason: '<no> & "none"', hint: 'join' }, tookMs: 3 },
      { id: 'SUB0603', name: 'gateways', verdict: { is: 'skipped', reason: 'SUB0602' }, tookMs: 0 },
      { id: 'SUB0604', name: 'leader', verdict: { is: 'warning', reason: 'one alone\u0000' }, tookMs: 0 },
    ],
  },
]

describe('the report of verify', () => {
  it('counts each kind of result', () => {
    expect(countOf(reports)).toEqual({ ok: 1, failed: 1, warning: 1, skipped: 1 })
  })

  it('is the same in JSON and in YAML', () => {
    const json: unknown = JSON.parse(reportText(reports, 'json'))
    expect(parse(reportText(reports, 'yaml'))).toEqual(json)
    expect(json).toMatchObject({
      apiVersion: 'subctl.submariner.io/v1',
      kind: 'VerifyReport',
      summary: { ok: 1, failed: 1, warning: 1, skipped: 1 },
      clusters: [{ context: 'west', checks: [{ id: 'SUB0601', result: 'ok', note: 'v1.34' }, { result: 'failed', hint: 'join' }, {}, {}] }],
    })
  })

  it('says that a run was broken off, in JSON and as an error in JUnit', () => {
    const good = reports.map((report) => ({ ...report, outcomes: report.outcomes.filter(({ verdict }) => verdict.is === 'ok') }))
    expect(JSON.parse(reportText(good, 'json', 'interrupted'))).toMatchObject({ brokenOff: 'interrupted' })
    expect(JSON.parse(reportText(good, 'json'))).not.toHaveProperty('brokenOff')
    expect(junit(good, 'timed out')).toContain('errors="1"')
    expect(junit(good)).not.toContain('error')
    expect(unfinishedJunit()).toContain('errors="1"')
  })

  it('escapes what XML cannot hold in JUnit', () => {
    const xml = junit(reports)
    expect(xml).toContain('tests="4" failures="1" skipped="1"')
    expect(xml).toContain('message="&lt;no&gt; &amp; &quot;none&quot;"')
    expect(xml).toContain('warning: one alone?')
  })
})
