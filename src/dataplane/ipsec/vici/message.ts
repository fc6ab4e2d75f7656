// A connection as charon is told of it. Pure.

import { isEncapsulated, localPort, type WantedChild, type WantedConnection } from '../connection.ts'
import type { EspMode } from '../daemon/charon-conf.ts'
import { IF_ID } from '../daemon/device.ts'
import type { Section } from './vici-codec.ts'

// AEAD first; then what upstream's libreswan offers by default, on a FIPS host too. Its PFS wants the group of the IKE SA again.
const GROUPS = 'ecp256-x25519-ecp384-ecp521-modp2048-modp3072-modp4096-modp8192'
const IKE_PROPOSALS = [
  `aes256gcm16-aes128gcm16-prfsha512-prfsha384-prfsha256-${GROUPS}`,
  `chacha20poly1305-prfsha512-prfsha256-${GROUPS}`,
  `aes256-aes128-sha512-sha384-sha256-prfsha512-prfsha384-prfsha256-${GROUPS}`,
  `aes256-aes128-sha1-prfsha1-${GROUPS}`,
]
const ESP_CIPHERS = ['aes256gcm16-aes128gcm16', 'chacha20poly1305', 'aes256-aes128-sha512-sha256', 'aes256-aes128-sha1']
const ESP_PROPOSALS = [...ESP_CIPHERS.map((ciphers) => `${ciphers}-${GROUPS}`), ...ESP_CIPHERS]

/** The message of load-conn. Uniqueness is never by id, which two gateways may share: surplus SAs are ours to end (plan.ts). */
export function connectionMessage(connection: WantedConnection, esp: EspMode): Section {
  const { name, cable, localId, remoteId, remoteAddresses, isDialled, mark, children } = connection
  return {
    [name]: {
      version: '2',
      local_addrs: [cable.local.private_ip],
      remote_addrs: remoteAddresses,
      local_port: String(localPort(cable)),
      ...(isDialled ? { remote_port: String(cable.port) } : {}),
      proposals: IKE_PROPOSALS,
      encap: isEncapsulated(cable, esp) ? 'yes' : 'no',
      mobike: 'no',
      unique: 'never',
      keyingtries: '0',
      dpd_delay: '10s',
      rekey_time: '4h',
      local: { auth: 'psk', id: idText(localId), aaa_id: mark },
      remote: { auth: 'psk', id: idText(remoteId) },
      children: Object.fromEntries(children.map((child) => [child.name, childMessage(child, connection, esp)])),
    },
  }
}

/** An address stays one; anything else is marked as a name, so that charon does not guess. */
export const idText = (id: string): string => (/^[\d.]+$|:/.test(id) ? id : `@${id}`)

const childMessage = ({ local, remote, reqid }: WantedChild, { isDialled }: WantedConnection, esp: EspMode): Section => ({
  mode: 'tunnel',
  local_ts: [local],
  remote_ts: [remote],
  esp_proposals: ESP_PROPOSALS,
  reqid: String(reqid),
  rekey_time: '1h',
  start_action: 'none',
  dpd_action: isDialled ? 'restart' : 'clear',
  close_action: 'none',
  ...(esp === 'kernel' ? { if_id_in: String(IF_ID), if_id_out: String(IF_ID) } : {}),
})
