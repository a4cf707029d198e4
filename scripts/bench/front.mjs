/**
 * Where a load tool goes, and with what.
 * @typedef {object} Front
 * @property {string} host name the front knows the app by; the address is always 127.0.0.1
 * @property {number} port
 * @property {string} caFile
 * @property {string} [cookie]
 * @property {string} [wrkHost] host that wrk asks for instead: wrk puts the address into SNI, and not every front takes two
 * names for one request
 */

/**
 * @param {Front} front
 * @returns {string[]} lines of the request head that say where it goes and who asks
 */
export function headersOf({ host, port, cookie }) {
  return [`Host: ${host}:${port}`, ...(cookie === undefined ? [] : [`Cookie: ${cookie}`])];
}
