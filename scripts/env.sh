# Sourced by every script: the project's own Node first on PATH, and where downloads and builds are kept.
SUBCTL_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
SUBCTL_CACHE=${SUBCTL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/subctl}
SUBCTL_NODE_VERSION=24.21.0
SUBCTL_KUBE_VERSION=v1.34.4
export HOME SUBCTL_ROOT SUBCTL_CACHE SUBCTL_NODE_VERSION SUBCTL_KUBE_VERSION
case ":$PATH:" in
  *":$SUBCTL_CACHE/node/$SUBCTL_NODE_VERSION/bin:"*) ;;
  *) PATH="$SUBCTL_CACHE/node/$SUBCTL_NODE_VERSION/bin:$PATH:/usr/local/sbin:/usr/sbin:/sbin" ;;
esac
export PATH
# A setting that npm's user configuration may carry and that npm 11 only warns about.
unset npm_config_nodedir NPM_CONFIG_NODEDIR
