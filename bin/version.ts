import manifest from '../package.json' with { type: 'json' }

/** scripts/build puts the git commit here: `0.1.0+1a2b3c4`, with `-dirty` where the sources differ from it. */
declare const SUBCTL_COMMIT: string | undefined

export const VERSION = `${manifest.version}+${typeof SUBCTL_COMMIT === 'undefined' ? 'sources' : SUBCTL_COMMIT}`
