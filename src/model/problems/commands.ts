import type { Problems } from '../problem.ts'

export const commandProblems: Problems = {
  SUB0101: {
    title: 'The command line is not understood',
    cause: 'A word, a flag or the value of a flag is not one that the command knows.',
    next: 'Read `subctl help COMMAND`; it lists every flag with examples.',
  },
  SUB0102: {
    title: 'A setting is missing',
    cause: 'The command needs a value that neither a flag nor its environment variable gives.',
    next: 'Give the flag that the message names.',
  },
  SUB0103: {
    title: 'A file cannot be read or written',
    cause: 'The file does not exist, is a folder, may not be opened by this user, or its disk is full or read-only.',
    next: 'Check the path and its rights with `ls -l`, the room with `df`; then run the command again, which goes on where it stopped.',
  },
  SUB0105: {
    title: 'Time ran out',
    cause: 'What the command waited for did not come about within its --timeout.',
    next: 'Run the command again; it goes on where it stopped. A longer --timeout gives it more time.',
  },
}
