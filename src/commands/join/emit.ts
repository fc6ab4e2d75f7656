// `join --emit yaml`: for those who apply objects by other means than this program.
import { emitYaml } from '../../install/apply/report.ts'
import { UserError } from '../../model/errors.ts'
import type { Resource } from '../../model/resources.ts'
import type { Given } from '../cli/given.ts'
import type { Joining } from './report.ts'

/** The objects of one of the two APIs as YAML, with what is to be known of them in comments. Throws where a secret that is asked for is not there yet. */
export function emitted(given: Given, { stages, settings, names }: Joining): string {
  const where = given.need('emit-for')
  const objects = stages.filter((stage) => stage.where === where).flatMap(({ changes }) => changes.map(({ object }) => object))
  const withSecrets = given.on('with-secrets') && where === 'cluster'
  if (withSecrets && objects.some((object) => isEmpty(object, settings.broker.secret)))
    throw new UserError('SUB0427', `The broker has no credential of cluster "${settings.clusterId}" yet`, {
      hint: 'Apply what --emit yaml --emit-for broker prints to the broker first.',
    })
  const notes =
    where === 'cluster'
      ? [...clusterNotes(settings, withSecrets), ...namesNotes(settings, names)]
      : ['What this member has on the broker. Its token is made there.']
  return `${notes.map((note) => `# ${note}\n`).join('')}${emitYaml(`the ${where}`, objects, { withSecrets })}`
}

const clusterNotes = ({ clusterId, namespace, broker }: Joining['settings'], withSecrets: boolean): readonly string[] => [
  `What cluster "${clusterId}" holds; what it has on the broker is printed by --emit-for broker, and is to be applied there first.`,
  withSecrets
    ? 'With secrets: seal them before this goes into a repository.'
    : `Without secrets: the pods wait for ${namespace}/${broker.secret} and the key of the tunnels until --with-secrets prints them, or join makes them.`,
]

/** What is done to the cluster's own DNS is a change of what others have, and no object to apply. */
const namesNotes = ({ clusterId }: Joining['settings'], { mode, lines }: Joining['names']): readonly string[] =>
  mode === 'none'
    ? []
    : [
        `Not among these: the change of the cluster's own DNS by which names of services are answered (--dns ${mode}${lines.length === 0 ? ', in place now' : ''}).`,
        `subctl join --cluster-id ${clusterId} --plan prints it, without --plan it is made; docs/dns.md, "By hand", has the right and the lines.`,
      ]

/** Whether it is the broker's Secret, with a token that is still to be made. */
const isEmpty = (object: Resource, name: string): boolean =>
  object.kind === 'Secret' && object.metadata.name === name && 'data' in object && JSON.stringify(object.data).includes('"token":""')
