import { expect, it } from '@jest/globals'
import { openNode } from '../../../src/dataplane/kernel/node-target.ts'
import { batch } from '../../../src/dataplane/kernel/steps.ts'
import { planNode } from '../../../src/dataplane/node/plan.ts'
import { type Exec, ExecError, exec } from '../../../src/system/exec.ts'
import { memoryFiles } from '../../fakes/context.ts'
import { view } from '../node/views.ts'

it('a program that is not there is named, with what to do', async () => {
  const missing: Exec = (argv, options) => exec([`no-such-${argv[0]}`, ...argv.slice(1)], options)
  const failed = openNode({ exec: missing, files: memoryFiles(new Map()), runDir: '/run/submariner' }).reconcile(planNode(view()))
  await expect(failed).rejects.toMatchObject({ name: 'UserError', id: 'SUB0507', message: expect.stringMatching(/is not there$/) })
})

it('of a batch that failed the line and the reason are told', async () => {
  const stderr = 'RTNETLINK answers: No such device\nCommand failed -:2\n'
  const failing: Exec = (argv) => Promise.reject(new ExecError(argv, { code: 1, stdout: '', stderr }))
  await expect(batch(failing, ['ip', '-batch', '-'], ['link one', 'route two'])()).rejects.toThrow(
    'ip route two: RTNETLINK answers: No such device',
  )
})
