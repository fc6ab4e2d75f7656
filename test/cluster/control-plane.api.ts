import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { fixedAccess } from '../../src/k8s/access.ts'
import { openApi } from '../../src/k8s/client.ts'
import { isRunning } from '../lab/processes.ts'
import { type ControlPlane, controlPlaneMissing, startControlPlane } from './control-plane.ts'

const why = controlPlaneMissing()
if (why !== undefined) console.warn(`skipped: ${why}`)
const inFull = why === undefined ? describe : describe.skip

inFull('a control plane for tests', () => {
  const folder = mkdtempSync(join(tmpdir(), 'subctl-plane-'))
  let plane: ControlPlane
  beforeAll(async () => {
    plane = await startControlPlane({ folder })
  }, 180_000)
  afterAll(async () => {
    await plane?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is a Kubernetes API whose kube-system has a uid', async () => {
    const api = openApi(fixedAccess(plane.server, { ca: plane.ca, token: plane.token }))
    expect(await api.raw('/version')).toContain('v1.34')
    expect((await api.get('Namespace', 'kube-system'))?.metadata.uid).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('leaves no process when it is stopped', async () => {
    await plane.stop()
    expect(plane.processes.filter(isRunning)).toEqual([])
  })
})
