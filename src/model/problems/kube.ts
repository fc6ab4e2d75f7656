import type { Problems } from '../problem.ts'

const SEE_CONFIG = 'Compare with `kubectl config view`; kubectl reads the same file.'

export const kubeProblems: Problems = {
  SUB0201: {
    title: 'There is no kubeconfig',
    cause: 'Neither --kubeconfig nor KUBECONFIG names a file that exists, and there is no ~/.kube/config.',
    next: 'Give the file with --kubeconfig FILE.',
  },
  SUB0202: {
    title: 'The kubeconfig cannot be read',
    cause: 'The path is a folder, or this user may not open the file.',
    next: 'Check the path and its rights with `ls -l`.',
  },
  SUB0203: {
    title: 'The kubeconfig is not understood',
    cause: 'The file is empty, is no YAML, or an entry lacks what it must have.',
    next: SEE_CONFIG,
  },
  SUB0204: {
    title: 'The context is not known',
    cause: 'The kubeconfig has no context of this name, or no current context and none was given.',
    next: 'List them with `kubectl config get-contexts`, then give one with --context NAME.',
  },
  SUB0205: {
    title: 'The context is not complete',
    cause: 'It names a cluster or a user that the kubeconfig does not have.',
    next: SEE_CONFIG,
  },
  SUB0206: {
    title: 'The address of the API server is not usable',
    cause: 'It is no https:// address, or it carries a user name.',
    next: 'Correct the `server` of the cluster, such as https://10.0.0.1:6443.',
  },
  SUB0207: {
    title: 'The kubeconfig asks for what subctl does not do',
    cause: 'Proxies (proxy-url) and acting as another user (as) are not supported.',
    next: 'Use a context without the setting, or run subctl where the API server can be reached directly.',
  },
  SUB0208: {
    title: 'A certificate, key or token in the kubeconfig is damaged',
    cause: 'The text is not what it should be, was cut off, or its counterpart is missing.',
    next: 'Fetch the kubeconfig again from where it came from.',
  },
  SUB0209: {
    title: "The kubeconfig's credential program failed",
    cause: 'The program that the user entry names in `exec` is not installed, ended with an error, or printed no credential.',
    next: 'Run the program by hand; usually a login has run out.',
  },
  SUB0210: {
    title: "The API server's name is not found",
    cause: 'DNS has no address for the host, or no DNS server answers.',
    next: 'Look the name up with `getent hosts NAME`.',
  },
  SUB0211: {
    title: 'Nothing accepts connections at the address of the API server',
    cause: 'The server is down, listens on another port, or a firewall or a missing route refuses the connection.',
    next: 'Try `curl -k https://HOST:PORT/version` from this machine.',
  },
  SUB0212: {
    title: 'The API server does not answer in time',
    cause: 'Packets to it are dropped on the way (firewall, VPN, wrong address), or it is overloaded.',
    next: 'Try `curl -k https://HOST:PORT/version` from this machine.',
  },
  SUB0213: {
    title: "The API server's certificate is not trusted",
    cause: 'It was signed by another authority than the one given: the cluster was made anew, the file is old, or this is another server.',
    next: 'Fetch the kubeconfig or the broker file again. Do not go on if you do not know why it changed.',
  },
  SUB0214: {
    title: "The API server's certificate is not valid now",
    cause: 'It has run out, or the clock of this machine or of the server is wrong.',
    next: 'Compare `date` on both machines; renew the certificate if the clocks are right.',
  },
  SUB0215: {
    title: "The API server's certificate is for another name",
    cause: 'The server is asked for by a name or address that its certificate does not hold.',
    next: 'Use an address that the message names, or set tls-server-name in the kubeconfig.',
  },
  SUB0216: {
    title: 'No TLS connection to the API server',
    cause: 'The other side speaks no TLS (plain HTTP, or another service on this port), or a certificate of ours is damaged or refused.',
    next: 'Check the port; try `curl -vk https://HOST:PORT/version`.',
  },
  SUB0217: {
    title: 'The API server does not accept the credential',
    cause: 'The token or client certificate has run out, was withdrawn, or is of another cluster.',
    next: 'Log in again or fetch the kubeconfig again; for a broker, join with a new broker file.',
  },
  SUB0218: {
    title: 'The API server forbids it',
    cause: 'The credential is good, but its user lacks a right that the message names.',
    next: 'Ask with `kubectl auth can-i VERB RESOURCE`; use an account that may, or have the right granted.',
  },
  SUB0219: {
    title: 'This is no Kubernetes API server',
    cause: 'Something answers at the address, but not as an API server does: a proxy, a login page, another service, or a wrong path.',
    next: 'Open ADDRESS/version; an API server answers with its version as JSON.',
  },
  SUB0220: {
    title: 'The API server does not know the kind',
    cause: 'The CustomResourceDefinition is not installed, or the server is too old for the kind.',
    next: 'Look with `kubectl api-resources`; `subctl deploy-broker` and `subctl join` install the definitions.',
  },
  SUB0221: {
    title: 'The API server refuses the request or fails',
    cause: 'The server answered with an error of its own; the message is its.',
    next: "Run the command again; if it stays, read the API server's log.",
  },
  SUB0222: {
    title: 'The connection to the API server broke off',
    cause: 'The server restarted, or something on the way closed the connection.',
    next: 'Run the command again.',
  },
}
