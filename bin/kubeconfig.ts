export { kubeconfigAccess } from '../src/k8s/kubeconfig.ts'
