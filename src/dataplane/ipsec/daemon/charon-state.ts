// What a keeper says of its charon to the engine of its node: charon outlasts a change of the settings, and the engine must agree with what it really has.

/** In the folder that both share, its owner's alone. */
export const charonStatePath = (runDir: string): string => `${runDir}/charon.json`

/** What an engine must agree with and charon itself does not tell by its socket, as it does of ESP. */
export interface CharonState {
  /** Its one UDP port. */
  readonly port: number
}

export const writeCharonState = (state: CharonState): string => `${JSON.stringify(state)}\n`
