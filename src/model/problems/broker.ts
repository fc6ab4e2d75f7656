import type { Problems } from '../problem.ts'

export const brokerProblems: Problems = {
  SUB0301: {
    title: 'This is no broker file',
    cause: 'The file is not a broker-info.subm, or was cut off or changed on the way.',
    next: 'Take the file that `subctl deploy-broker` or `subctl serve-broker --init` wrote; copy it as it is.',
  },
  SUB0302: {
    title: 'The broker file is damaged',
    cause: 'A field is missing or is not what it must be; the message names it.',
    next: 'Have the file written again: `subctl deploy-broker` on the broker’s cluster.',
  },
}
