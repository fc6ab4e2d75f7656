import type { Problems } from '../problem.ts'

export const serverProblems: Problems = {
  SUB0701: {
    title: 'The data of the central API server are in use',
    cause: 'Another `subctl serve-broker` runs on the same folder.',
    next: 'Stop it first. What `--init` prepares, a running server has prepared too: its broker file is broker-info.subm in the --data folder.',
  },
  SUB0702: {
    title: 'The database of the central API server is damaged',
    cause: 'The file was written by another program, cut off, or harmed by the disk.',
    next: 'Put a copy back, or move the database away and start again: while ca.crt, ca.key, token.key and clusterset.key stay, members come back by themselves.',
  },
  SUB0703: {
    title: 'The data were written by a newer subctl',
    cause: 'A newer version has changed how the data are stored; this one would harm them.',
    next: 'Run the newer version (`subctl version` says which one this is).',
  },
  SUB0704: {
    title: 'The data of the central API server cannot be written',
    cause: 'The folder is not there, not this user’s, read-only, or its disk is full.',
    next: 'Check the folder of --data with `ls -ld` and `df`.',
  },
  SUB0705: {
    title: 'The server cannot listen there',
    cause: 'Another process has the port, the address is not one of this machine, or a port below 1024 needs root.',
    next: 'See who has it with `ss -ltnp`, or choose another: `--listen HOST:PORT`.',
  },
  SUB0706: {
    title: 'It is not known where clusters reach this server',
    cause: 'It listens on loopback, or the machine has no other address; members could not use what the broker file would say.',
    next: 'Say where they reach it: `subctl serve-broker --advertise HOST:PORT`.',
  },
  SUB0707: {
    title: 'The authority of the central API server is damaged',
    cause: 'Of ca.crt and ca.key in the --data folder one is missing, or they are no certificate and key.',
    next: 'Put a copy of both back. Without them remove both: a new authority is made, and every member has to join again.',
  },
  SUB0708: {
    title: 'A key of the central API server is damaged',
    cause: 'token.key or clusterset.key in the --data folder was cut off or written by something else.',
    next: 'Put a copy back. While broker.db is whole, remove the file instead: it is written again from there.',
  },
}
