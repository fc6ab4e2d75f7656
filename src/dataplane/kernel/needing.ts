import { UserError } from '../../model/errors.ts'
import { type Exec, ExecError } from '../../system/exec.ts'

/** The same exec, which says what to do where a program is not there. */
export const needing =
  (exec: Exec): Exec =>
  async (argv, options) => {
    try {
      return await exec(argv, options)
    } catch (error) {
      if (!(error instanceof ExecError) || error.result.code !== -1 || !error.message.includes('ENOENT')) throw error
      throw new UserError('SUB0507', `${argv[0]} is not there`, { hint: 'install iproute2, ipset and iptables on this node', cause: error })
    }
  }
